"""A classifier of videos: a trained model, the names of its classes, and how it takes frames from a clip."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vidattn.bench.deploy import whole_model
from vidattn.bench.deploy.trained import Trained
from vidattn.bench.results import files as reading
from vidattn.bench.system import digests
from vidattn.data.batches import pipeline
from vidattn.data.extract import flow, frames
from vidattn.data.shards import format as shards

MODEL, FACTS = "model.keras", "model.json"


@dataclass(frozen=True)
class Classifier:
    """What tells the class of a video.

    Attributes:
        model: From frames (B, T, H, W, 3), RGB bytes, or stacks of flow (B, T - L, H, W, 2 L), or both, to
            probabilities (B, K).
        classes: Names of the K classes.
        settings: How T frames are taken from a clip, as `frames.of_file` wants it.
        flow: How flow is computed from them, as `flow.compute` wants it, with the `stack` and `stack_length`
            of what the model reads; None where it reads none.
    """

    model: Any
    classes: tuple[str, ...]
    settings: dict[str, Any]
    flow: dict[str, Any] | None = None

    def predict(self, path: str | Path, top: int = 5) -> list[tuple[str, float]]:
        """The `top` classes of a video (or picture) with their probabilities, the likeliest first.

        Raises:
            DecodeError: It is no video that can be used; the message names it.
        """
        clip = self.frames(path)
        read = {whole_model.FRAMES: lambda: clip, whole_model.FLOW: lambda: self._stacks(clip)}
        arrays = [read[tensor.name]()[None] for tensor in self.model.inputs]
        made = self.model(arrays if len(arrays) > 1 else arrays[0], training=False)
        probabilities = np.asarray(made)[0]
        order = probabilities.argsort()[::-1][:top]
        return [(self.classes[i], float(probabilities[i])) for i in order]

    def frames(self, path: str | Path) -> np.ndarray:
        """The frames of a video, (T, H, W, 3) uint8; black ones stand for those that it lacks."""
        shapes = {tensor.name: tensor.shape for tensor in self.model.inputs}
        named = shapes.get(whole_model.FRAMES)
        count = named[1] if named else self.settings["frames"]
        clip = frames.of_file(Path(path), self.settings)[:count]
        return np.pad(clip, [(0, count - len(clip)), (0, 0), (0, 0), (0, 0)])

    def _stacks(self, clip: np.ndarray) -> np.ndarray:
        """The flow of a clip as it is stored, joined to stacks (T - L, H, W, 2 L) in [-1, 1]."""
        settings = self.flow or {}
        made = flow.quantise(flow.compute(clip, settings), settings["bound"])[None]
        if settings["definition"] != "anchored":  # anchored flow is computed as stacks
            made = flow.stack(made, settings["stack_length"], settings["stack"], settings["bound"])
        return pipeline.finish("flow", made)[0]


def of(trained: Trained) -> Classifier:
    """The classifier of a finished run."""
    moving, first = trained.flow, trained.first
    stacks = None
    if moving:
        kind = {"stack": moving.inputs.stack, "stack_length": moving.inputs.flow_length}
        stacks = {**moving.inputs.streams["flow"].settings, **kind}
    settings = dict(shards.open(first.plan.pictures).settings)
    return Classifier(whole_model.build(trained), tuple(first.inputs.classes), settings, stacks)


def load(folder: str | Path) -> Classifier:
    """The classifier that `vidattn export` wrote into a folder; it needs neither data nor params.yaml."""
    import keras

    from vidattn.models import saved as saved

    facts, model = Path(folder) / FACTS, Path(folder) / MODEL
    if not facts.is_file() or not model.is_file():
        raise FileNotFoundError(f"{folder} holds no exported model. Make one: vidattn export <cell> {folder}")
    again = f"Export it again: vidattn export <cell> {folder}"
    told = reading.record(facts, ("classes", "frames"), again)
    if told.get("sha256", digests.file_digest(model)) != digests.file_digest(model):
        raise ValueError(f"{model} has other bytes than were exported. {again}")
    made = keras.saving.load_model(model, compile=False)
    return Classifier(made, tuple(told["classes"]), told["frames"], told.get("flow"))
