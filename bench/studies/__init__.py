"""Experiments about the suite itself."""
