"""Frames, flow and features, made once."""
