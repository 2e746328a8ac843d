"""L2PA: learn to pay attention (Jetley et al., ICLR 2018, section 3)."""

from typing import Literal

import keras

from vidattn.models.attention import STAGES, Attention, Tensor
from vidattn.models.layers import core as layers
from vidattn.models.layers import reductions
from vidattn.models.parts import blocks

FEATURES = True  # reads maps that may be stored
CONTROL = "multilevel"  # the same maps, averaged and joined without attention


def attention(
    score: Literal["weighted", "dot"] = "weighted",
    hidden: int = 1024,
    dropout: float = 0.5,
    form: Literal["thesis", "original"] = "thesis",
    combine: Literal["concatenate", "independent"] = "concatenate",
) -> Attention:
    """Scores every position of three maps against the mean of the last one, softmax over all positions.

    Args:
        score: "weighted", `<u, l + g>` (equation 1), or "dot", `<l, g>` (equation 2).
        hidden: Width of the dense layer on the joined maps (form "thesis" only).
        dropout: Dropped share after it.
        form: "thesis" or "original", see below.
        combine: Attended vectors of form "original": "concatenate" for one classifier, or "independent", one
            classifier each and the mean of their probabilities (the two strategies of section 3.2).

    With "weighted" a softmax over positions cannot see `<u, g>`, the same at all of them: the map does
    not depend on g, and the last map of the backbone gets no gradient from it. "dot" is free of this.

    Differences from the paper:
        "thesis" classifies from the three attention *maps* alone, joined as one vector: local features reach
        the head only through them, and the parameter count depends on the input size. It projects g even
        where the widths agree. "original" joins the attended vectors, `sum a l`, and projects g only where
        widths differ.
    """
    blocks.one_of("score", score, ("weighted", "dot"))
    blocks.one_of("form", form, ("thesis", "original"))
    blocks.one_of("combine", combine, ("concatenate", "independent"))
    if combine == "independent" and form == "thesis":
        raise ValueError("L2PA with combine: independent needs attended vectors: use form: original.")

    def maps_of(endpoints: dict[str, Tensor]) -> dict[str, Tensor]:
        g = blocks.mean_pool(endpoints["final"])(endpoints["final"])
        return {s: attend(endpoints[s], g, f"{s}_l2pa", score, form) for s in STAGES}

    def vectors(endpoints: dict[str, Tensor]) -> dict[str, Tensor]:
        maps = maps_of(endpoints)
        return {f"{s}_l2pa": blocks.weighted_sum(endpoints[s], maps[s]) for s in STAGES}

    def readout(endpoints: dict[str, Tensor]) -> Tensor:
        if form == "original":
            return keras.layers.Concatenate()(list(vectors(endpoints).values()))
        maps = maps_of(endpoints)
        joined = keras.layers.Concatenate()([keras.layers.Flatten()(maps[s]) for s in STAGES])
        joined = keras.layers.Dense(hidden, activation="relu", name="l2pa_hidden")(joined)
        return keras.layers.Dropout(dropout)(joined)

    def classify(endpoints: dict[str, Tensor], classes: int) -> Tensor:
        return blocks.mean_of_heads(vectors(endpoints), classes)

    return Attention(readout=readout, classify=classify if combine == "independent" else None)


def attend(x: Tensor, g: Tensor, name: str, score: str, form: str) -> Tensor:
    """The map of one stage, (B, H, W); sums to 1."""
    width = x.shape[-1]
    if form == "thesis" or g.shape[-1] != width:
        g = keras.layers.Dense(width, name=f"{name}_project")(g)
    g = blocks.spread(g, x)
    if score == "weighted":
        normal = keras.initializers.RandomNormal(0.0, 0.05)
        u = keras.layers.Dense(1, use_bias=False, kernel_initializer=normal, name=f"{name}_u")
        scores = u(keras.layers.Add()([x, g]))
    else:
        scores = reductions.Sum(axis=-1)(keras.layers.Multiply()([x, g]))
    weights = keras.layers.Softmax()(keras.layers.Flatten()(scores))
    weights = keras.layers.Reshape(x.shape[1:-1])(weights)
    return layers.Map(low=0.0, high=1.0, total=1.0, name=f"{name}_map")(weights)
