"""The embedded data set: figures, scenes, actions."""
