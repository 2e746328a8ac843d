"""Attention maps, Grad-CAM and their scores."""
