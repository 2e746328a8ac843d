"""Attention modules: one file each, with two hooks."""
