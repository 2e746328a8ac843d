"""Blocks that plug-ins share."""
