"""From shapes to logits: backbones, attention, architectures."""
