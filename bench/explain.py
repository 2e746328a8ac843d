"""What a finished run looked at: attention maps, weights over time, Grad-CAM, drawn over test clips."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from vidattn.bench import encode, executor, fuse, nearest
from vidattn.bench.cell import Run
from vidattn.bench.inputs import Inputs, open_inputs
from vidattn.bench.metrics import softmax
from vidattn.bench.params import Params, ParamsError

CAM = "grad_cam"
TIME = "time"


@dataclass(frozen=True)
class Finished:
    """A trained model with what it reads."""

    run: Run
    params: Params
    model: Any
    inputs: Inputs

    @property
    def protocol(self):
        """The cell's protocol."""
        return self.params.protocols[self.run.cell.protocol]

    @cached_property
    def attention(self) -> Callable[[dict], dict[str, np.ndarray]]:
        """Its attention maps, see `attention`."""
        return attention(self.model)

    @property
    def stream(self) -> str:
        """The stream that the model reads."""
        return next(iter(self.inputs.streams))


def load(run: Run, params: Params) -> Finished:
    """The model of a finished run with its weights; raises `ParamsError` where there is none."""
    if nearest.is_nearest(run.cell):
        raise ParamsError(
            f"'{run.cell.id}' is a probe: it trains nothing and looks at nothing, so explain another cell."
        )
    if fuse.is_fused(run.cell):
        raise ParamsError(f"'{run.cell.id}' has no model of its own; explain the cells of its streams.")
    place = executor.folder(run, params)
    if not executor.finished(place):
        raise ParamsError(
            f"No finished run {run.id} at {place}. Train it with: vidattn run {run.cell.id} "
            f"--fold {run.fold} --seed {run.seed}"
        )
    from vidattn.bench import train

    train.one_thread()
    inputs = open_inputs(run, params)
    model = train.build_model(run, params, inputs)
    with np.load(place / "weights.npz", allow_pickle=False) as arrays:
        model.set_weights([arrays[f"w{i}"] for i in range(len(arrays.files))])
    return Finished(run, params, model, inputs)


def attention(model) -> Callable[[dict], dict[str, np.ndarray]]:
    """A function from a batch of streams to the maps: by stage (B, T, h, w), and `time` (B, T).

    Channels are averaged over magnitudes, features of temporal weights over their values; gates of channels
    have no place and are left out.
    """
    from keras import ops

    from vidattn.models import inspection

    try:
        every = inspection.maps(model)
    except ValueError:  # no attention
        return lambda streams: {}
    picture = "image" in model.input

    def maps(streams: dict) -> dict[str, np.ndarray]:
        found = {name: ops.convert_to_numpy(v) for name, v in every(streams, training=False).items()}
        return {
            _short(name): _placed(name, v, picture) for name, v in found.items() if "channel_map" not in name
        }

    return maps


def _short(name: str) -> str:
    """The stage of a map, or `time`, or its whole name."""
    stage = re.search("early|medium|late", name)
    return stage.group() if stage else TIME if name.endswith("time_map") else name


def _placed(name: str, value: np.ndarray, picture: bool) -> np.ndarray:
    if name.endswith("time_map"):
        return value.mean(axis=-1)  # (B, T, D) to (B, T)
    value = value[:, None] if picture else value  # one frame
    return np.abs(value).mean(axis=-1) if value.ndim == 5 else value


def explained(found: Finished, streams: dict, classes: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """All maps of a batch, with Grad-CAM for the given classes, else for those that the model predicts."""
    from vidattn.bench import gradcam

    maps = found.attention(streams)
    if found.inputs.features is None:
        at = gradcam.layer(found.model, found.run.cell.backbone)
        maps[CAM] = gradcam.maps(found.model, streams, at, classes)
    return maps


def clips(found: Finished, chosen: list[str] | int) -> list[dict]:
    """What a sheet shows of test clips: those named, or so many spread evenly over the list."""
    known = found.inputs.ids("test")
    if isinstance(chosen, int):
        chosen = [known[i] for i in np.arange(chosen) * len(known) // chosen]
    for clip in chosen:
        if clip not in known:
            first = ", ".join(known[:3])
            raise ParamsError(f"'{clip}' is no test clip of {found.run.id}. The first are: {first}.")
    ((streams, labels),) = batches(found, chosen, len(chosen))
    maps, true = explained(found, streams), explained(found, streams, labels)
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


def batches(found: Finished, chosen: Sequence[str], batch: int) -> Iterator[tuple[dict, np.ndarray]]:
    """Batches of some test clips in this order, none left out."""
    inputs = replace(found.inputs, fold=replace(found.inputs.fold, test=tuple(chosen)))
    return inputs.batches("test", replace(found.protocol, batch=batch, drop_remainder=False))


def _frames(found: Finished, clip: str, streams: dict, row: int) -> np.ndarray:
    """Pictures (T, H, W, 3) uint8 to lay maps over: frames, or the colours of each stack's first flow."""
    from vidattn.data import frames, look, shards

    if found.stream == "flow":
        return look.wheel(np.clip(2 * streams["flow"][row][..., :2], -1, 1))
    cell, params = found.run.cell, found.params
    place = frames.path(cell.dataset, params.store, **encode.frame_settings(cell, params))
    return shards.open(place).read([clip])[0]


def draw(run: Run, params: Params, chosen: list[str] | int) -> bytes:
    """A sheet of test clips as PNG; see `gallery.sheet`."""
    from vidattn.bench import gallery

    return gallery.encode(gallery.sheet(run.id, clips(load(run, params), chosen)))
