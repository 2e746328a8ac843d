"""A 2D backbone inflated to 3D (Carreira and Zisserman, CVPR 2017, section 2.4)."""

from vidattn.models.attention import Tensor
from vidattn.models.graph.encoder import Encoder

STREAMS = ("rgb",)


def architecture(encoder: Encoder, taps: int = 3) -> Tensor:
    """Logits (B, K): every spatial kernel reaches over `taps` frames; attention acts on whole clips.

    Args:
        taps: Frames that a kernel sees, odd. Its weights are the 2D ones divided by `taps` in each, so that a
            clip of one repeated frame gives what the 2D backbone gives.

    Differences from the paper:
        Any backbone, not only the first Inception. Time is never subsampled, and is padded by repeating the
        first and the last frame, so the equality holds at every frame. Kernels of 1x1 stay as they are.
        A separable convolution (Xception) is one layer, so its 1x1 kernel is repeated for every tap as well.
    """
    if taps < 1 or taps % 2 == 0:
        raise ValueError(f"An inflated kernel sees an odd number of frames, not {taps}.")
    return encoder.output(encoder.inflated("rgb", taps), "logits")
