"""The results folder, read."""
