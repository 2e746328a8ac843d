"""Whole Keras graphs: taps, weights, frame encoders, FLOPs."""
