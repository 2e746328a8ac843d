"""Small models of every kind that is found: what the contract battery and the backends are tried on."""

import inspect
from collections.abc import Callable, Iterator
from itertools import cycle

import keras
import numpy as np

from vidattn.models import build

Names = tuple[str, str, str]  # backbone, attention, architecture
CLASSES, FRAMES = 3, 7
SMALL = {
    "dense": 32,
    "width": 8,
    "units": 4,
    "hidden": 8,
    "features": 8,
    "filters": 8,
    "depth": 2,
    "heads": 2,
}
SMALL_ATTENTION = {"hidden": 8, "c_int": 4}
TINY_ATTENTION = {"t": 1, "shortcuts": (1, 0, 0), "r": 4}
DEPTHS = {"r2plus1d": 18}
PIXELS = 32  # of the side, unless a plug-in declares that it needs more


def cells() -> Iterator[Names]:
    """The smallest backbone, or none for a body of its own, with every attention in every architecture."""
    for architecture in build.names("architecture"):
        file = build.module("architecture", architecture)
        for attention in build.names("attention") if getattr(file, "ATTENDS", True) else ["none"]:
            yield ("none" if getattr(file, "OWN_BODY", False) else "tiny", attention, architecture)


def real() -> Iterator[Names]:
    """Every other backbone with every attention, on an image."""
    for backbone in build.names("backbone"):
        if backbone not in ("none", "tiny"):
            yield from ((backbone, attention, "image") for attention in build.names("attention"))


def spread() -> list[Names]:
    """Every architecture once and every backbone once; the attentions take turns."""
    turns, chosen = cycle(build.names("attention")), []
    for group in (cells(), real()):
        by_owner: dict[tuple[str, str], list[Names]] = {}
        for cell in group:
            by_owner.setdefault((cell[0], cell[2]), []).append(cell)
        for options in by_owner.values():
            turn = next(turns)
            chosen.append(next((cell for cell in options if cell[1] == turn), options[0]))
    return chosen


def size(cell: Names) -> int:
    """Pixels of the side: the least that works."""
    files = build.module("backbone", cell[0]), build.module("architecture", cell[2])
    return max(PIXELS, *(getattr(file, "LEAST", 0) for file in files))


def model(cell: Names, seed: int = 1) -> keras.Model:
    """A small model of these parts, for 3 classes and 7 frames."""
    backbone, attention, architecture = cell
    tiny = backbone in ("none", "tiny")
    changes = {**SMALL_ATTENTION, **(TINY_ATTENTION if tiny else {})}
    if attention == "residual":
        changes.pop("r", None)  # units of a level there, a reduction elsewhere
    widths = {"tiny": {"width": 8}, "mobilenet_v2": {"alpha": 0.35}}
    head = _known("architecture", architecture, SMALL)
    if architecture in DEPTHS:
        head["depth"] = DEPTHS[architecture]
    return build.build(
        *cell,
        classes=CLASSES,
        size=size(cell),
        frames=FRAMES,
        flow_length=getattr(build.module("architecture", architecture), "FLOW_LENGTH", 5),
        backbone_params=widths.get(backbone, {}),
        attention_params=_known("attention", attention, changes),
        architecture_params=head,
        seed=seed,
    )


def _known(kind: str, name: str, changes: dict) -> dict:
    """Those of the changes that a plug-in has as keywords."""
    function: Callable = getattr(build.module(kind, name), kind)
    return {k: v for k, v in changes.items() if k in inspect.signature(function).parameters}


def inputs(model: keras.Model, batch: int = 2, seed: int = 0) -> dict[str, np.ndarray]:
    """Random streams in [-1, 1] for a model."""
    generator = np.random.default_rng(seed)
    return {
        name: generator.uniform(-1, 1, (batch, *tensor.shape[1:])).astype("float32")
        for name, tensor in model.input.items()
    }
