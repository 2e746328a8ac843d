"""Two streams, appearance and motion, classified apart and fused (Simonyan and Zisserman, NIPS 2014)."""

from typing import Literal

import keras

from vidattn.models.attention import Tensor
from vidattn.models.graph.encoder import Encoder
from vidattn.models.layers import core as layers
from vidattn.models.layers import reductions
from vidattn.models.parts import blocks

STREAMS = ("rgb", "flow")
# Cells are made from the scores of these architectures, by stream, each trained alone.
FUSED = {"rgb": "frame_average", "flow": "temporal_stream"}
FUSIONS = ("average", "weighted", "time", "svm")


def architecture(
    encoder: Encoder,
    fusion: Literal["average", "weighted", "time", "svm"] = "average",
    flow_weight: float | None = None,
) -> Tensor:
    """Logits (B, K): the logarithm of the fused probabilities. Encoders: `rgb_encoder`, `flow_encoder`.

    Args:
        fusion: "average" of the streams' mean probabilities; "weighted", flow counts `flow_weight` times RGB;
            "time", one average over all steps of both streams, so that the longer stream weighs more (the
            thesis' code). "svm", a linear SVM on the scores of trained streams, is no network: cells have it.
        flow_weight: Weight of the flow stream against RGB (2 in the public two-stream recipes). Cells, whose
            streams are trained alone, choose it on validation clips where it is None; a network needs it.
    """
    blocks.one_of("fusion", fusion, FUSIONS)
    if fusion == "svm" or (fusion == "weighted" and flow_weight is None):
        raise ValueError(
            f"Fusion '{fusion}'{' without flow_weight' * (fusion != 'svm')} is fitted on scores of trained "
            "streams and cannot be built as one network: run it as a cell, or give average, time or weighted "
            "with a flow_weight."
        )
    scores = [keras.layers.Softmax(dtype="float32")(encoder.logits(stream)) for stream in STREAMS]
    if fusion == "time":
        joined = keras.layers.Concatenate(axis=1)(scores)
        return layers.Log(name="log")(keras.layers.GlobalAveragePooling1D()(joined))
    means = [keras.layers.GlobalAveragePooling1D()(s) for s in scores]
    weight = 1.0 if fusion == "average" else flow_weight
    return layers.Log(name="log")(reductions.WeightedMean((1.0, weight), name="fusion")(means))
