"""Backbones: one file each, from keras.applications, with named endpoints."""
