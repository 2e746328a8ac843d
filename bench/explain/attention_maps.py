"""What a finished run looked at: attention maps, weights over time, Grad-CAM, drawn over test clips."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from vidattn.bench.config.cell import Run
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.schema import Params
from vidattn.bench.explain.every_map import CAM, Explainer
from vidattn.bench.plan import cell_kinds, run_plan
from vidattn.bench.plan.run_plan import RunPlan
from vidattn.bench.runner import store, whole
from vidattn.bench.train import reproducible
from vidattn.bench.train.fold_data import Inputs, open_inputs
from vidattn.bench.train.scoring import softmax
from vidattn.data.batches import pipeline

BESIDE = (f"{CAM}_", "time_gradient")  # maps that the table has, and a sheet would repeat


@dataclass(frozen=True)
class Finished:
    """A trained model with what it reads."""

    plan: RunPlan
    model: Any
    inputs: Inputs

    @cached_property
    def explainer(self) -> Explainer:
        """Every map of the trained model."""
        return Explainer(self.model, self.plan.plugins["backbone"])

    @cached_property
    def untrained(self) -> Explainer:
        """Every map of the model as it was before training."""
        from vidattn.bench.train.model import build_model

        return Explainer(build_model(self.plan, self.inputs), self.plan.plugins["backbone"])

    @cached_property
    def logits(self) -> Callable[[dict], np.ndarray]:
        """Logits (B, classes) of a batch, for many of one shape: by one graph where there are graphs."""
        import keras

        def forward(streams):
            return self.model(streams, training=False)

        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            forward = tf.function(forward, autograph=False)
        return lambda streams: keras.ops.convert_to_numpy(forward(streams))

    @property
    def stream(self) -> str:
        """The stream that the model reads."""
        return next(iter(self.inputs.streams))


def load(run: Run, params: Params) -> Finished:
    """The model of a finished run with its weights; raises `ParamsError` where there is none."""
    if not cell_kinds.is_network(run.cell, params):
        raise ParamsError(
            f"'{run.cell.id}' is a probe: it trains nothing and looks at nothing, so explain another cell."
        )
    if cell_kinds.fused_from(run.cell, params):
        raise ParamsError(f"'{run.cell.id}' has no model of its own; explain the cells of its streams.")
    plan = run_plan.resolve(run, params)
    place = store.finished(plan, same_device=False)
    if not place or whole.fault(place, large=True):
        raise ParamsError(
            f"No whole run {run.id} at {store.folder(plan)}. Train it with: vidattn run {run.cell.id} "
            f"--fold {run.fold} --seed {run.seed}"
        )
    reproducible.one_thread()
    from vidattn.bench.train.model import build_model

    inputs = open_inputs(plan)
    model = build_model(plan, inputs)
    with np.load(place / "weights.npz", allow_pickle=False) as arrays:
        model.set_weights([arrays[f"w{i}"] for i in range(len(arrays.files))])
    return Finished(plan, model, inputs)


def clips(
    found: Finished,
    chosen: list[str] | int,
    every: bool = False,
    classes: Callable[[Sequence[str]], np.ndarray | None] = lambda clips: None,
) -> list[dict]:
    """What a sheet shows of test clips: those named, or so many spread evenly over the list; or every map.

    Grad-CAM explains the class that the model predicts, or, of each clip, the one that `classes` gives.
    """
    known = found.inputs.ids("test")
    if isinstance(chosen, int):
        chosen = [known[i] for i in np.arange(chosen) * len(known) // chosen]
    for clip in chosen:
        if clip not in known:
            first = ", ".join(known[:3])
            raise ParamsError(f"'{clip}' is no test clip of {found.plan.id}. The first are: {first}.")
    ((streams, labels),) = batches(found, chosen, len(chosen))
    maps = found.explainer(streams, classes(chosen), guided=not every)
    maps = maps if every else _shown(maps)
    true = found.explainer.gradients(streams, labels, guided=False)
    probabilities = softmax(np.asarray(found.model(streams, training=False), dtype="float32"))
    return [
        {
            "clip": clip,
            "label": found.inputs.classes[labels[i]],
            "prediction": found.inputs.classes[probabilities[i].argmax()],
            "confidence": float(probabilities[i].max()),
            "frames": _frames(found, clip, streams, i),
            "maps": {name: value[i] for name, value in maps.items()},
            "true_cam": true[CAM][i] if CAM in true else None,
        }
        for i, clip in enumerate(chosen)
    ]


def seen(found: Finished, frames: np.ndarray, name: str) -> dict:
    """What a sheet shows of frames (T, H, W, 3) uint8 that are no clip of the data set: no label is known."""
    if found.stream not in ("rgb", "image"):
        raise ParamsError(
            f"{found.plan.id} reads {found.stream}, which a file does not have: name a test clip instead."
        )
    shown = frames if found.stream == "rgb" else frames[len(frames) // 2]
    streams = {found.stream: pipeline.finish("rgb", shown[None], found.plan.protocol.colour)}
    probabilities = softmax(np.asarray(found.model(streams, training=False), dtype="float32"))[0]
    return {
        "clip": name,
        "label": "not known",
        "prediction": found.inputs.classes[probabilities.argmax()],
        "confidence": float(probabilities.max()),
        "frames": frames,
        "maps": {stage: value[0] for stage, value in _shown(found.explainer(streams)).items()},
        "true_cam": None,
    }


def own_frames(found: Finished, path: Path) -> np.ndarray:
    """What the model reads of a video, or picture, of the user, (T, H, W, 3) uint8; raises `DecodeError`."""
    from vidattn.data.extract import frames
    from vidattn.data.shards import format as shards

    clip = frames.of_file(path, dict(shards.open(found.plan.pictures).settings))[: found.inputs.frames]
    return np.pad(clip, [(0, found.inputs.frames - len(clip)), (0, 0), (0, 0), (0, 0)])


def _shown(maps: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Those of a sheet."""
    return {name: value for name, value in maps.items() if not name.startswith(BESIDE)}


def batches(found: Finished, chosen: Sequence[str], batch: int) -> Iterator[tuple[dict, np.ndarray]]:
    """Batches of some test clips in this order, none left out."""
    inputs = replace(found.inputs, fold=replace(found.inputs.fold, test=tuple(chosen)))
    return inputs.batches("test", replace(found.plan.protocol, batch=batch, drop_remainder=False))


def _frames(found: Finished, clip: str, streams: dict, row: int) -> np.ndarray:
    """Pictures (T, H, W, 3) uint8 to lay maps over: frames, or the colours of each stack's first flow."""
    from vidattn.data import contact_sheet as look
    from vidattn.data.shards import format as shards

    if found.stream == "flow":
        return look.wheel(np.clip(2 * streams["flow"][row][..., :2], -1, 1))
    return shards.open(found.plan.pictures).read([clip])[0]


def draw(run: Run, params: Params, chosen: list[str] | int) -> bytes:
    """A sheet of test clips as PNG; see `contact_sheet.sheet`."""
    from vidattn.bench.explain import contact_sheet

    return contact_sheet.encode(contact_sheet.sheet(run.id, clips(load(run, params), chosen)))
