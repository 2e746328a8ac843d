"""A trained model with its preprocessing inside: from what is decoded of a clip to probabilities."""

from typing import Any

from vidattn.bench.deploy.trained import Trained
from vidattn.bench.explain.attention_maps import Finished

FRAMES, FLOW = "frames", "flow"  # names of the inputs


def build(trained: Trained) -> Any:
    """The model to probabilities (B, K), of several streams the mean of theirs.

    Its inputs, in this order, as far as a stream reads them: "frames" (B, T, H, W, 3), RGB bytes 0 to 255;
    "flow" (B, T - L, H, W, 2 L), stacks in [-1, 1].
    """
    import keras

    inputs: dict[str, Any] = {}
    mean = None
    for part, share in zip(trained.parts, trained.shares):
        streams = {name: _stream(part, name, inputs) for name in part.inputs.streams}
        probabilities = keras.layers.Softmax(dtype="float32")(part.model(streams))
        weighted = probabilities if share == 1 else share * probabilities
        mean = weighted if mean is None else mean + weighted
    ordered = [inputs[name] for name in (FRAMES, FLOW) if name in inputs]
    return keras.Model(ordered if len(ordered) > 1 else ordered[0], mean, name=trained.first.model.name)


def _stream(part: Finished, name: str, inputs: dict[str, Any]) -> Any:
    """What a model reads as a stream, made of the inputs, which are added where they are missing."""
    import keras
    from keras import ops

    plan, frames, size = part.plan, part.inputs.frames, part.plan.size
    if name == "flow":
        if FLOW not in inputs:
            shape = (frames - part.inputs.flow_length, size, size, 2 * part.inputs.flow_length)
            inputs[FLOW] = keras.Input(shape, dtype="float32", name=FLOW)
        return inputs[FLOW]
    if FRAMES not in inputs:
        inputs[FRAMES] = keras.Input((frames, size, size, 3), dtype="uint8", name=FRAMES)
    taken = inputs[FRAMES]
    pixels = taken[..., ::-1] if plan.protocol.colour == "bgr" else taken
    pixels = keras.layers.Rescaling(1 / 127.5, offset=-1)(pixels)  # (B, T, H, W, 3) in [-1, 1]
    if name == "image":
        return pixels[:, frames // 2]
    if name == "rgb":
        return pixels
    features = _features(part, pixels)
    if part.inputs.padded:  # what a clip lacks are black frames here, zeros to the head
        real = ops.any(ops.cast(taken, "int32") > 0, axis=(2, 3, 4))
        features = features * ops.cast(real, features.dtype)[..., None]
    return features


def _features(part: Finished, pixels: Any) -> Any:
    """Features (B, T, D) of the frozen encoder, rounded as when stored, scaled as the protocol says."""
    from keras import ops

    from vidattn.models import build as models

    plan, width = part.plan, part.inputs.features
    encoder = models.features(
        plan.plugins["backbone"],
        size=plan.size,
        pool=plan.pool,
        backbone_params=plan.backbone_params,
    )
    flat = ops.reshape(pixels, (-1, plan.size, plan.size, 3))  # (B T, H, W, 3)
    features = ops.cast(ops.cast(encoder(flat), "float16"), "float32")
    features = ops.reshape(features, (-1, part.inputs.frames, width))  # (B, T, D)
    if plan.protocol.normalise:
        norm = ops.sqrt(ops.sum(ops.square(features), axis=-1, keepdims=True))
        features = features * features.shape[-1] ** 0.5 / ops.maximum(norm, 1e-6)
    return features
