"""What is inside a model: its parts, their shapes, its attention maps."""

import keras

from vidattn.models.layers import core as layers


def maps(model: keras.Model) -> keras.Model:
    """A model from the same inputs to all named attention maps, also for a reloaded model.

    Returns:
        Outputs by name: maps of frames as `<stream>_<stage>_<attention>_map` (B, T, H, W[, C]), of images and
        clips without the stream. Empty models (no attention) raise ValueError.
    """
    found: dict[str, keras.KerasTensor] = {}
    for layer in model.layers:
        if isinstance(layer, layers.Map):
            found[layer.name] = layer.output
        elif isinstance(layer, keras.Model) and layer.name.endswith("_encoder"):
            found |= _frame_maps(model, layer)
    if not found:
        raise ValueError(f"The model '{model.name}' has no attention maps.")
    return keras.Model(model.input, found, name=f"{model.name}_maps")


def _frame_maps(model: keras.Model, encoder: keras.Model) -> dict[str, keras.KerasTensor]:
    """The maps of a frame encoder inside a model, with time unfolded."""
    stream = encoder.name.removesuffix("_encoder")
    frames = model.get_layer(f"{stream}_unfold").frames
    outputs = encoder(model.get_layer(f"{stream}_fold").output)
    return {
        f"{stream}_{name}": layers.Unfold(frames)(value)
        for name, value in outputs.items()
        if name != "output"
    }


def summary(model: keras.Model) -> str:
    """A readable text: inputs, parts with their output shapes and weights, maps with shapes and ranges."""
    lines = [f"{model.name}: {model.count_params():,} parameters"]
    lines += [f"  input  {name:32s} {_shape(t)}" for name, t in model.input.items()]
    for layer in model.layers:
        if layer.count_params():
            lines.append(f"  part   {layer.name:32s} {_out(layer)} {layer.count_params():,}")
    for layer in parts(model):
        if isinstance(layer, layers.Map):
            lines.append(f"  map    {layer.name:32s} {_out(layer)} in [{layer.low}, {layer.high}]")
    return "\n".join([*lines, f"  output logits{'':26s} {_shape(model.output)}"])


def parts(model: keras.Model) -> list[keras.layers.Layer]:
    """All layers, those of encoders included."""
    inner = [parts(m) if isinstance(m, keras.Model) else [m] for m in model.layers]
    return [layer for part in inner for layer in part]


def _out(layer: keras.layers.Layer) -> str:
    """The output shape of a layer or of an encoder's main output."""
    output = layer.output
    return _shape(output["output"] if isinstance(output, dict) else output)


def _shape(tensor: keras.KerasTensor) -> str:
    """A shape with B for the batch."""
    return "(" + ", ".join("B" if s is None else str(s) for s in tensor.shape) + ")"
