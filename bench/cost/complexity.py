"""What a model costs: parameters, floating-point operations, activations, memory.

FLOPs are those of the TensorFlow profiler on the inference graph of one sample, softmax included, with the
statistics that the thesis counted: those of TensorFlow and, from keras-flops, `Max` and `FusedBatchNormV3`.
The profiler does not see how often a loop runs, so a model with one, such as an LSTM that heeds a mask, has
its analytic count (`models/graph/flops.py`) instead.
"""

import importlib.metadata
import json
import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import keras

from vidattn.models import build
from vidattn.models.graph import costs, flops

LOOPS = ("While", "StatelessWhile", "Enter", "LoopCond")
PARAMS = ("flow_length", "backbone_params", "attention_params", "architecture_params", "from_features")


def measure(model: keras.Model, batch: int = 16, profile: bool = True) -> dict[str, Any]:
    """Costs of a built model.

    Args:
        model: A model from a dict of streams to logits.
        batch: Batch of the recipe, for the memory estimate.
        profile: Whether to run the TensorFlow profiler; without TensorFlow it is never run.

    Returns:
        `parameters` (all, moving statistics included), `trainable`, `flops` and its `flops_source`
        ("profiler" or "analytic"), `flops_analytic`, `ops` (profiled FLOPs by operation, or analytic by
        layer), `activations` (elements of all layers' outputs, one sample), `train_memory_mb` and
        `train_memory_mb_batch` (estimates in MiB at batch 1 and `batch`: weights, gradients, one optimiser
        slot, activations kept for the gradient).
    """
    scored = costs.scores(model)
    analytic = flops.cost(scored)
    ops = profiled(scored) if profile and keras.backend.backend() == "tensorflow" else None
    trainable = sum(int(keras.ops.size(w)) for w in model.trainable_weights)
    counts = dict(sorted((ops or analytic.flops).items()))
    return {
        "parameters": model.count_params(),
        "trainable": trainable,
        "flops": sum(counts.values()),
        "flops_source": "profiler" if ops else "analytic",
        "flops_analytic": analytic.total,
        "ops": {name: value for name, value in counts.items() if value},
        "activations": analytic.activations,
        "train_memory_mb": memory(model.count_params(), trainable, analytic.activations, 1),
        "train_memory_mb_batch": memory(model.count_params(), trainable, analytic.activations, batch),
    }


def memory(parameters: int, trainable: int, activations: int, batch: int) -> float:
    """Estimated peak of training in MiB: float32 weights, gradients, one slot and every activation."""
    return round(4 * (parameters + 2 * trainable + batch * activations) / 2**20, 1)


def profiled(model: keras.Model) -> dict[str, int] | None:
    """FLOPs by operation, batch 1, from the TensorFlow v1 profiler; None for a graph with loops."""
    import tensorflow as tf
    from tensorflow.python.framework import ops
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    register()
    spec = {name: tf.TensorSpec((1, *t.shape[1:]), t.dtype) for name, t in model.input.items()}
    traced = tf.function(lambda x: model(x, training=False)).get_concrete_function(spec)
    if loops(traced.graph.as_graph_def()):
        return None  # before freezing: weights as constants take several times their memory
    frozen = convert_variables_to_constants_v2(traced)
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    total = tf.compat.v1.profiler.profile(frozen.graph, options=options).total_float_ops
    counts: Counter[str] = Counter()
    for node in frozen.graph.as_graph_def().node:
        counts[node.op] += int(ops.get_stats_for_node_def(frozen.graph, node, "flops").value or 0)
    if sum(counts.values()) != total:
        raise RuntimeError(
            f"The profiler counts {total} FLOPs, its statistics add to {sum(counts.values())}."
        )
    return dict(counts)


def loops(graph: Any) -> bool:
    """Whether a graph or a function that it calls holds a loop."""
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    return any(node.op in LOOPS for node in nodes)


def register() -> None:
    """Registers the two statistics that TensorFlow lacks; those it has are left as they are."""
    from tensorflow.python.framework import ops
    from tensorflow.python.profiler.internal import flops_registry  # noqa: F401

    for name, count in (("Max", _max), ("FusedBatchNormV3", _batch_norm)):
        key = f"{name},flops"
        if key not in ops._stats_registry._registry:
            ops.RegisterStatistics(name, "flops")(count)


def _elements(graph, name: str) -> int:
    """Elements of a tensor."""
    from tensorflow.python.framework import graph_util

    return graph_util.tensor_shape_from_node_def_name(graph, name).num_elements()


def _max(graph, node):
    """M maxima over N elements cost N - M."""
    from tensorflow.python.framework import ops

    return ops.OpStats("flops", _elements(graph, node.input[0]) - _elements(graph, node.name))


def _batch_norm(graph, node):
    """Normalising N elements of C channels costs 2 N + 6 C."""
    from tensorflow.python.framework import ops

    return ops.OpStats("flops", 2 * _elements(graph, node.input[0]) + 6 * _elements(graph, node.input[1]))


def write(spec: dict[str, Any], path: Path) -> dict[str, Any]:
    """Builds a model, measures it and writes the JSON record; the same spec gives the same bytes.

    Args:
        spec: `backbone`, `attention`, `architecture`, `classes`, `size`, and any of `frames`, `flow_length`,
            `batch`, `from_features`, `backbone_params`, `attention_params`, `architecture_params`; and
            `plugins`, the files of names that are variants.
        path: File to write, whole or not at all.
    """
    model = built(spec)
    versions = {name: importlib.metadata.version(name) for name in ("keras",)} | _backend()
    record = {"frames": None, **spec, **measure(model, spec.get("batch", 16)), "versions": versions}
    _write_atomically(Path(path), json.dumps(record, indent=1, sort_keys=True) + "\n")
    return record


def built(spec: dict[str, Any]) -> keras.Model:
    """The model of a spec (see `write`)."""
    plugins = spec.get("plugins", spec)  # of variants the files
    names = [plugins[key] for key in ("backbone", "attention", "architecture")]
    options = {key: spec[key] for key in PARAMS if spec.get(key) is not None}
    return build.build(
        *names, classes=spec["classes"], size=spec["size"], frames=spec.get("frames"), **options
    )


def _backend() -> dict[str, str]:
    """The name and version of the backend."""
    name = keras.backend.backend()
    return {"backend": name, name: __import__(name).__version__}


def _write_atomically(path: Path, text: str) -> None:
    """Writes to a temporary file beside the target, then renames it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)
