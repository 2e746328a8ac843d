"""Architectures: one file each, from a frame encoder to a clip classifier."""
