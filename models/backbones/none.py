"""No frame encoder: for the networks that bring their own body (C3D and its kin)."""

import keras

PREPROCESS = "tf"
NETWORK = False  # nothing to build
ENDPOINTS: dict[str, str] = {}
INLINE: dict[str, str] = {}


def backbone(shape: tuple[int, int, int], *, weights: str | None = None) -> keras.Model:
    """Always an error: nothing to build."""
    raise ValueError("The backbone 'none' has no network; use an architecture with its own body.")
