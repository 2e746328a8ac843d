"""The Keras model of a run, built and compiled as its plan says."""

import functools
from typing import Any

from vidattn.bench.config.schema import Protocol
from vidattn.bench.plan.run_plan import RunPlan
from vidattn.bench.train.fold_data import Inputs

CALIBRATION = 100  # training pictures that folded weights are made trainable with


def arguments(plan: RunPlan, inputs: Inputs, frames: int | None = None) -> dict[str, Any]:
    """What `models.build.build` is given for this run, but seed and pictures; `frames` in place of all."""
    options = tuple(sorted(plan.backbone_params.items()))
    maps = _shapes(plan.plugins["backbone"], plan.size, options) if plan.pool == "maps" else None
    return {
        **plan.plugins,
        "classes": len(inputs.classes),
        "size": plan.size,
        "frames": frames or inputs.frames,
        "flow_length": inputs.flow_length,
        "backbone_params": plan.backbone_params,
        "attention_params": plan.attention_params,
        "architecture_params": plan.architecture_params,
        "from_features": maps or inputs.features,
        "mask": plan.protocol.mask and inputs.padded,
        "freeze": plan.protocol.freeze or "none",
    }


def build_model(plan: RunPlan, inputs: Inputs, frames: int | None = None):
    """The Keras model of this run, freshly initialised from its own seed; `frames` in the place of all."""
    import keras

    from vidattn.models.build import build

    keras.config.set_dtype_policy(plan.protocol.precision)
    given = arguments(plan, inputs, frames)
    return build(**given, pictures=_pictures(plan, inputs), seed=plan.initial_seed)


@functools.cache
def _shapes(backbone: str, size: int, options: tuple) -> dict[str, tuple[int, ...]]:
    """The shapes of a backbone's stored maps, which its graph tells."""
    from vidattn.models.build import map_shapes

    return map_shapes(backbone, size=size, backbone_params=dict(options))


def _pictures(plan: RunPlan, inputs: Inputs) -> dict:
    """Training pictures where folded weights need them: in an encoder that is trained, norms and all."""
    from vidattn.models.graph import weight_files

    trained = not plan.pool and plan.protocol.freeze in (None, "none")
    needed = trained and weight_files.folded(plan.backbone_params.get("weights"))
    return inputs.samples(plan.protocol, CALIBRATION) if needed else {}


def one_frame_model(plan: RunPlan, inputs: Inputs, whole):
    """The model for one frame (or flow stack) of a clip, of the same weights as `whole`, the one for all."""
    cell = plan.run.cell
    if {"rgb", "flow"} <= set(inputs.streams):
        raise ValueError(
            f"{plan.id} reads frames and flow at once: use protocols.{cell.protocol}.train_frames: null."
        )
    model = build_model(plan, inputs, 1 + inputs.flow_length if "flow" in inputs.streams else 1)
    if [w.shape for w in model.weights] != [w.shape for w in whole.weights]:
        raise ValueError(
            f"{plan.id}: '{cell.architecture}' has weights for each of its {inputs.frames} frames and "
            f"cannot be trained on one: use protocols.{cell.protocol}.train_frames: null."
        )
    return model


def compile_model(model, protocol: Protocol, rate: float) -> None:
    """Attach loss and optimiser as the protocol says, with this learning rate."""
    from vidattn.bench.train import losses, optimizers

    optimizer, loss = optimizers.make(protocol, rate), losses.make(protocol.loss)
    # XLA makes the first step slow, and on CPUs the others too.
    model.compile(optimizer=optimizer, loss=loss, jit_compile=False)
