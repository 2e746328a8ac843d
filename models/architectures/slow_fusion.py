"""Short stacks of frames, joined two by two (Karpathy et al., CVPR 2014, "slow fusion")."""

import keras

from vidattn.models.attention import Tensor
from vidattn.models.graph.encoder import Encoder
from vidattn.models.layers import clips
from vidattn.models.parts import blocks

STREAMS = ("rgb",)


def architecture(encoder: Encoder, window: int = 4, stride: int = 2) -> Tensor:
    """Logits (B, K).

    Args:
        window: Frames that enter the first layer together; at most those of the clip.
        stride: Frames between the starts of windows. 10 frames give the paper's 4, 2, 1.

    Differences from the paper:
        It joins inside its own network, after the first and the second convolution; here the joining
        convolutions, 2 frames by 3x3, follow the backbone's last map, so that any backbone serves.
    """
    clip = encoder.clip("rgb")
    stacks = clips.Windows(min(window, clip.shape[1]), stride, name="stack")(clip)  # (B, N, H, W, 4 C)
    x = encoder.final("rgb", stacks)
    number = 0
    while x.shape[1] > 1:
        number += 1
        join = keras.layers.Conv3D(
            x.shape[-1], (2, 3, 3), (2, 1, 1), "same", activation="relu", name=f"join{number}"
        )
        x = join(x)
    return blocks.logits(blocks.mean_pool(x)(x), encoder.classes, name="logits")
