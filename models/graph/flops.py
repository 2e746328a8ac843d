"""Floating-point operations and activations of a model from its layers' shapes: no graph, any backend.

One multiply-add counts two, and every layer costs what the TensorFlow profiler counts for it with the
statistics of the thesis: element-wise activations but swish, padding, reshaping and enlarging are free. The
profiler also counts integer arithmetic of shapes, which is not counted here. A layer may state its cost by
`flops(inputs, output)`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import keras

from vidattn.models.layers import core as layers
from vidattn.models.layers import inflated, masking, recurrence

Shape = tuple[int, ...]


@dataclass
class Cost:
    """Totals for one sample: operations by class of layer, and elements of all layers' outputs."""

    flops: dict[str, int] = field(default_factory=dict)
    activations: int = 0

    @property
    def total(self) -> int:
        """All operations."""
        return sum(self.flops.values())

    def add(self, kind: str, flops: int, activations: int = 0) -> None:
        """Notes a layer."""
        self.flops[kind] = self.flops.get(kind, 0) + flops
        self.activations += activations


def cost(model: keras.Model) -> Cost:
    """Counts every call of every layer of a functional model, encoders times their frames."""
    total = Cost()
    _walk(model, total, 1)
    return total


def _walk(model: keras.Model, total: Cost, times: int) -> None:
    """Runs the graph symbolically with the same layers and notes each call; folded frames count each."""
    folded: dict[
        int, tuple[keras.KerasTensor, int]
    ] = {}  # by tensor, which is kept, so that its id stays its own

    def call(layer: keras.layers.Layer, *args, **kwargs):
        output = layer(*args, **kwargs)
        tensors = [t for t in keras.tree.flatten(args) if isinstance(t, keras.KerasTensor)]
        factor = max((folded[id(t)][1] for t in tensors if id(t) in folded), default=1)
        if isinstance(layer, keras.Model):
            _walk(layer, total, times * factor)
        else:
            _note(layer, tensors, keras.tree.flatten(output), total, times * factor)
        after = {layers.Fold: factor * (tensors[0].shape[1] or 1), layers.Unfold: 1}.get(type(layer), factor)
        folded.update({id(t): (t, after) for t in keras.tree.flatten(output)})
        return output

    keras.models.clone_model(model, clone_function=lambda layer: layer, call_function=call)


def _note(layer: keras.layers.Layer, inputs: list, outputs: list, total: Cost, times: int) -> None:
    """Adds one call to the totals."""
    shapes, out = [_shape(t) for t in inputs], [_shape(t) for t in outputs]
    count = times * flops(layer, shapes, out[0]) - (times - 1) * once(layer, out[0])
    elements = 0 if isinstance(layer, VIEWS) else sum(math.prod(s) for s in out)
    total.add(type(layer).__name__, count, times * elements)


def flops(layer: keras.layers.Layer, inputs: list[Shape], output: Shape) -> int:
    """The cost of one call for one sample, from shapes without batch."""
    if hasattr(layer, "flops"):
        return layer.flops(inputs, output)
    for kind, rule in RULES:
        if isinstance(layer, kind):
            return rule(layer, inputs, output) + _activation(layer, output)
    if getattr(layer, "weights", None):
        raise NotImplementedError(
            f"No rule says what a {type(layer).__name__} costs, and its weights are used. Give "
            "the layer a method `flops(inputs, output)`, of shapes without batch, as"
            " in models/layers/core.py."
        )
    return OPERATIONS.get(type(layer).__name__, _each(0))(layer, inputs, output)


def once(layer: keras.layers.Layer, output: Shape) -> int:
    """The part of the cost that does not grow with frames: scales and shifts of a batch norm."""
    return _per_channel(layer, output) if isinstance(layer, keras.layers.BatchNormalization) else 0


def _shape(tensor: keras.KerasTensor) -> Shape:
    """Sizes without the batch."""
    return tuple(s or 1 for s in tensor.shape[1:])


def _activation(layer: keras.layers.Layer, output: Shape) -> int:
    """Five operations an element where a layer ends in a softmax, two where it ends in a swish."""
    each = {keras.activations.softmax: 5, keras.activations.silu: 2}
    return each.get(getattr(layer, "activation", None), 0) * math.prod(output)


def _bias(layer: keras.layers.Layer, output: Shape) -> int:
    return math.prod(output) if layer.use_bias else 0


def _dense(layer, inputs, output):
    return 2 * inputs[0][-1] * math.prod(output) + _bias(layer, output)


def _conv(layer, inputs, output):
    window = math.prod(layer.kernel_size) * inputs[0][-1] // layer.groups
    return 2 * window * math.prod(output) + _bias(layer, output)


def _depthwise(layer, inputs, output):
    return 2 * math.prod(layer.kernel_size) * math.prod(output) + _bias(layer, output)


def _separable(layer, inputs, output):
    between = math.prod(output[:-1]) * inputs[0][-1] * layer.depth_multiplier
    depthwise = 2 * math.prod(layer.kernel_size) * between
    return depthwise + 2 * inputs[0][-1] * layer.depth_multiplier * math.prod(output) + _bias(layer, output)


def _batch_norm(layer, inputs, output):
    return 2 * math.prod(output) + _per_channel(layer, output)


def _per_channel(layer, output):
    return (4 + layer.scale + layer.center) * output[-1]


def _pool(layer, inputs, output):
    return math.prod(layer.pool_size) * math.prod(output)


def _reduce(layer, inputs, output):
    return math.prod(inputs[0]) - math.prod(output)


def _merge(layer, inputs, output):
    return (len(inputs) - 1) * math.prod(output)


def _lstm(layer, inputs, output):
    steps, width = inputs[0]
    units = layer.cell.units
    gates = 2 * (width + units) * 4 * units + 4 * units * (1 + bool(layer.cell.use_bias))
    hard = 4 * 3 * units if layer.cell.recurrent_activation is layers.legacy_sigmoid else 0
    return steps * (gates + hard + 4 * units)


def _bidirectional(layer, inputs, output):
    return 2 * _lstm(layer.forward_layer, inputs, output)


def _attention(layer, inputs, output):
    """Multi-head attention of queries (T, D) over values (S, E): projections, scores, softmax, sums."""
    (steps, width), (others, depth) = inputs[0], inputs[min(1, len(inputs) - 1)]
    keys, values = layer.num_heads * layer.key_dim, layer.num_heads * (layer.value_dim or layer.key_dim)
    projections = 2 * (steps * width * keys + others * depth * (keys + values) + steps * values * output[-1])
    biases = steps * (keys + output[-1]) + others * (keys + values) if layer.use_bias else 0
    pairs = steps * others
    return projections + biases + steps * keys + pairs * (2 * keys + 2 * values + 5 * layer.num_heads)


def _inflated(layer, inputs, output):
    parts = sum(flops(part, inputs, output) for part in layer.parts)
    return parts + (layer.taps - 1) * math.prod(output)


def _each(cost_per_element: int, of_input: bool = False) -> Callable:
    """A rule of so many operations an element of the output or of the input."""
    return lambda layer, inputs, output: (
        cost_per_element * (sum(math.prod(s) for s in inputs) if of_input else math.prod(output))
    )


L = keras.layers
VIEWS = (
    L.InputLayer,
    L.Reshape,
    L.Flatten,
    L.Permute,
    layers.Fold,
    layers.Unfold,
    layers.Map,
    layers.Piece,
    masking.DropMask,
)  # no new elements
RULES: list[tuple[type | tuple[type, ...], Callable]] = [
    (L.Dense, _dense),
    (L.SeparableConv2D, _separable),
    (L.DepthwiseConv2D, _depthwise),
    ((L.Conv1D, L.Conv2D, L.Conv3D), _conv),
    (L.BatchNormalization, _batch_norm),
    (L.LayerNormalization, _each(7)),
    ((L.MaxPooling1D, L.MaxPooling2D, L.MaxPooling3D), _pool),
    ((L.AveragePooling1D, L.AveragePooling2D, L.AveragePooling3D), _pool),
    ((L.GlobalAveragePooling1D, L.GlobalAveragePooling2D, L.GlobalAveragePooling3D), _each(1, of_input=True)),
    ((L.GlobalMaxPooling1D, L.GlobalMaxPooling2D, L.GlobalMaxPooling3D), _reduce),
    (L.Average, lambda layer, inputs, output: len(inputs) * math.prod(output)),
    ((L.Add, L.Multiply, L.Subtract, L.Maximum), _merge),
    (L.Softmax, _each(5)),
    (L.Activation, _each(0)),
    (L.Rescaling, _each(2)),
    (L.Normalization, lambda layer, inputs, output: 2 * math.prod(output) + output[-1]),
    (inflated.Inflated, _inflated),
    ((L.LSTM, recurrence.ProjectedRNN), _lstm),
    (L.Bidirectional, _bidirectional),
    (L.MultiHeadAttention, _attention),
]
# Operators and functions of keras.ops in a graph, which are no layers, by the name of their class.
OPERATIONS: dict[str, Callable] = {
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Maximum", "Minimum"), _each(1)),
    "CustomScaleLayer": _each(2),  # of InceptionResNetV2: one input and a share of the other
    "Matmul": lambda layer, inputs, output: 2 * inputs[0][-1] * math.prod(output),
    "Softmax": _each(5),
}
