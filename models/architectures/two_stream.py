"""Two streams, appearance and motion, classified apart and fused (Simonyan and Zisserman, NIPS 2014)."""

import keras

from vidattn.models import blocks, layers, reductions
from vidattn.models.attention import Tensor
from vidattn.models.encoder import Encoder

STREAMS = ("rgb", "flow")


def architecture(encoder: Encoder, fusion: str = "average", flow_weight: float = 2.0) -> Tensor:
    """Logits (B, K): the logarithm of the fused probabilities. Encoders: `rgb_encoder`, `flow_encoder`.

    Args:
        fusion: "average" of the streams' mean probabilities; "weighted", flow counts `flow_weight` times RGB;
            "time", one average over all steps of both streams, so that the longer stream weighs more (the
            thesis' code). Fusion by a linear SVM takes the trained streams' scores and is done outside the
            network.
        flow_weight: Weight of the flow stream against RGB (2 in the public two-stream recipes).
    """
    blocks.one_of("fusion", fusion, ("average", "weighted", "time"))
    scores = [keras.layers.Softmax(dtype="float32")(encoder.logits(stream)) for stream in STREAMS]
    if fusion == "time":
        joined = keras.layers.Concatenate(axis=1)(scores)
        return layers.Log(name="log")(keras.layers.GlobalAveragePooling1D()(joined))
    means = [keras.layers.GlobalAveragePooling1D()(s) for s in scores]
    weight = 1.0 if fusion == "average" else flow_weight
    return layers.Log(name="log")(reductions.WeightedMean((1.0, weight), name="fusion")(means))
