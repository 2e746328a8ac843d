"""3D convolutions on five hard-wired streams (Ji, Xu, Yang, Yu, PAMI 2013, section 3)."""

import keras

from vidattn.models.attention import Tensor
from vidattn.models.graph.encoder import Encoder
from vidattn.models.layers import clips, resize
from vidattn.models.parts import blocks

STREAMS = ("rgb", "flow")
OWN_BODY = True
ATTENDS = False  # has too few maps to attend to
FLOW_LENGTH = 1  # pairs in a stack, as in the paper


def architecture(encoder: Encoder, features: int = 128) -> Tensor:
    """Logits (B, K) from 60x40 frames: grey, two gradients and two flow streams, 78 maps, a full convolution.

    With 7 frames and flow length 1 this is the network of the paper, 284,970 + 129 K weights.

    Args:
        features: Width of the last hidden layer.

    Differences from the paper:
        Kernels are not shared between streams, and pooling is a maximum without weights. Of a stack of flow
        only the first field is used.
    """
    if encoder.attention.reads or not encoder.attention.plain:
        raise ValueError("Architecture 'conv3d' has too few maps to attend to; use none.")
    rgb = resize.Resize((encoder.clip("rgb").shape[1], 60, 40), "bilinear")(encoder.clip("rgb"))
    flow = resize.Resize((encoder.clip("flow").shape[1], 60, 40), "bilinear")(encoder.clip("flow"))
    if flow.shape[1] < 5:
        raise ValueError(f"Architecture 'conv3d' needs at least 5 flow fields and got {flow.shape[1]}.")
    streams = {name: clips.Hardwired(name, name=name)(rgb) for name in ("grey", "gradient_x", "gradient_y")}
    streams |= {f"flow_{axis}": clips.Channel(i, name=f"flow_{axis}")(flow) for i, axis in enumerate("xy")}
    maps = [branch(x, f"{name}_{part}") for name, x in streams.items() for part in (1, 2)]
    x = keras.layers.Concatenate()([keras.layers.Flatten()(m) for m in maps])
    x = keras.layers.Dense(features, activation="tanh", name="full")(x)
    return blocks.logits(x, encoder.classes, name="logits")


def branch(x: Tensor, name: str) -> Tensor:
    """One of the two sets of a stream: 1 kernel 7x7x3, 2x2 maximum, 3 kernels 7x6x3, 3x3 maximum."""
    x = keras.layers.Conv3D(1, (3, 7, 7), activation="tanh", name=f"{name}_conv1")(x)  # 54 x 34
    x = keras.layers.MaxPooling3D((1, 2, 2))(x)  # 27 x 17
    x = keras.layers.Conv3D(3, (3, 7, 6), activation="tanh", name=f"{name}_conv2")(x)  # 21 x 12
    return keras.layers.MaxPooling3D((1, 3, 3))(x)  # 7 x 4
