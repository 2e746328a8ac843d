"""Runs side by side, and the store of finished ones."""
