"""Trained models, taken away."""
