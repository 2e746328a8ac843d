"""Download and import."""
