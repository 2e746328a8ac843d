"""Optical flow between sampled frames: computed once per pair, stored in 8 bits, stacked on the fly.

The frames come from the frames store of the same data set, count and size, so one decode pass serves both
streams. Vectors are in pixels of the resized frame, x then y, positive to the right and down.
"""

import functools
from pathlib import Path

import cv2
import numpy as np

from vidattn.data.batches.stacks import stack
from vidattn.data.extract import frames as frames_of
from vidattn.data.shards import build as extraction
from vidattn.data.shards import format as shards

__all__ = ["compute", "dequantise", "extract", "grey", "quantise", "solver", "stack"]

METHODS = ("tvl1", "dis", "farneback")
DEFINITIONS = ("anchored", "both", "consecutive")
VERSIONS = {"opencv": cv2.__version__, "levels": "round(127 flow / bound) + 128"}  # part of the key


def extract(
    name: str,
    store: str | Path,
    method: str = "tvl1",
    frames: int = 25,
    size: int = 224,
    definition: str = "consecutive",
    bound: float = 20.0,
    *,
    length: int = 5,
    warps: int = 5,
    epsilon: float = 0.01,
    preset: str = "medium",
    workers: int | None = None,
    container: str = "webp",
) -> Path:
    """Computes the flow of every usable clip from its sampled frames.

    Args:
        name: Data set.
        store: Store folder; the result lies in `store/<name>/flow/<key>`.
        method: "tvl1" (Zach et al., 2007; the thesis' choice), "dis" or "farneback", which are far cheaper.
        frames, size: `T` and side of the frames; their store is made first where it is missing.
        definition: "consecutive" stores frame i to i+1, for `stacks` to join later: `(T-1, S, S, 2)`.
            "both" adds the flow back, i+1 to i, for bidirectional stacks: `(T-1, S, S, 4)`.
            "anchored" stores the thesis' own stacks, frame i to i+1 ... i+L: `(T-L, S, S, 2L)`.
        bound: Displacement in pixels that 8 bits reach to either side; longer vectors are cut there.
        length: `L` of anchored stacks.
        warps, epsilon: Of TV-L1, OpenCV's defaults as in the thesis; 2 and .02 cost a third less or more.
        preset: Of DIS: "ultrafast", "fast" or "medium".
        workers: As in `frames.extract`.
        container: Of the flow: "webp", lossless and a tenth of the size, or "npy", plain. Frames are plain.
    """
    settings = settings_of(method, frames, size, definition, bound, length, warps, epsilon, preset, container)
    _check(settings, length)
    source = frames_of.extract(name, store, "uniform", frames, size, workers=workers)
    clips = shards.open(source)
    plan = extraction.Plan(
        folder=_folder(name, store, settings),
        ids=clips.ids,
        marks=(clips.digest,) * len(clips.ids),
        work=functools.partial(_clip, source=source, settings=settings),
        settings=settings,
        versions=VERSIONS,
        container=container,
    )
    return extraction.build(plan, workers, f"{name} flow")


def path(name: str, store: str | Path, **options) -> Path:
    """Where `extract` with these options (its keywords, less `workers`) stores its result."""
    return _folder(name, store, settings_of(**options))


def _folder(name: str, store: str | Path, settings: dict) -> Path:
    label = "{method}-{definition}-{frames}-{size}".format(**settings)
    return Path(store) / name / "flow" / extraction.key(label, settings, VERSIONS)


def settings_of(
    method: str = "tvl1",
    frames: int = 25,
    size: int = 224,
    definition: str = "consecutive",
    bound: float = 20.0,
    length: int = 5,
    warps: int = 5,
    epsilon: float = 0.01,
    preset: str = "medium",
    container: str = "webp",
) -> dict:
    """The options of `extract` that determine the result: others must not change its key."""
    settings = {"method": method, "frames": frames, "size": size, "definition": definition, "bound": bound}
    anchored = {"length": length} if definition == "anchored" else {}
    return settings | {"container": container} | _own(method, warps, epsilon, preset) | anchored


def quantise(flow: np.ndarray, bound: float) -> np.ndarray:
    """Float displacement to uint8: `round(127 flow / bound) + 128`, 1 to 255, cut at the bound.

    Zero has a level of its own, 128: what stands still is stored as such, with a third less error and a tenth
    fewer bytes than with the usual 0 to 255, where the noise about zero falls to two levels by its sign.
    """
    return np.clip(np.rint(np.asarray(flow, np.float32) * (127 / bound)) + 128, 1, 255).astype(np.uint8)


def dequantise(flow: np.ndarray, bound: float) -> np.ndarray:
    """uint8 to float displacement; 128 is zero."""
    return (flow.astype(np.float32) - 128) * (bound / 127)


@functools.cache
def solver(method: str, warps: int = 5, epsilon: float = 0.01, preset: str = "medium"):
    """A function of two grey frames `(H, W)` uint8 that returns the flow `(H, W, 2)` float32."""
    if method == "tvl1":
        tvl1 = cv2.optflow.DualTVL1OpticalFlow_create(warps=warps, epsilon=epsilon)
        return lambda first, second: tvl1.calc(first, second, None)
    if method == "dis":
        # A new instance for every pair: an old one may start from its last result.
        code = getattr(cv2, f"DISOPTICAL_FLOW_PRESET_{preset.upper()}")
        return lambda first, second: cv2.DISOpticalFlow_create(code).calc(first, second, None)
    return lambda first, second: cv2.calcOpticalFlowFarneback(first, second, None, 0.5, 3, 15, 3, 5, 1.2, 0)


def grey(clip: np.ndarray) -> np.ndarray:
    """RGB clip `(T, H, W, 3)` to grey `(T, H, W)` uint8."""
    rows = clip.reshape(-1, *clip.shape[2:])  # OpenCV takes the clip as one tall picture
    return cv2.cvtColor(np.ascontiguousarray(rows), cv2.COLOR_RGB2GRAY).reshape(clip.shape[:3])


def compute(clip: np.ndarray, settings: dict) -> np.ndarray:
    """Float flow of an RGB clip `(T, S, S, 3)`; see `extract` for the shape that each definition gives."""
    calc = solver(
        settings["method"], **{k: settings[k] for k in ("warps", "epsilon", "preset") if k in settings}
    )
    tones = grey(clip)
    if settings["definition"] == "consecutive":
        return np.stack([calc(a, b) for a, b in zip(tones[:-1], tones[1:])])
    if settings["definition"] == "both":
        pairs = zip(tones[:-1], tones[1:])
        return np.stack([np.concatenate([calc(a, b), calc(b, a)], axis=-1) for a, b in pairs])
    length = settings["length"]
    stacks = [
        np.concatenate([calc(tones[i], tones[i + step]) for step in range(1, length + 1)], axis=-1)
        for i in range(len(tones) - length)
    ]
    return np.stack(stacks)


def _clip(clip: str, source: Path, settings: dict) -> np.ndarray:
    return quantise(compute(_frames(source).read([clip])[0], settings), settings["bound"])


@functools.lru_cache(maxsize=2)
def _frames(source: Path) -> shards.Clips:
    return shards.open(source)


def _own(method: str, warps: int, epsilon: float, preset: str) -> dict:
    """The settings that a method heeds; others must not change its key."""
    if method == "tvl1":
        return {"warps": warps, "epsilon": epsilon}
    return {"preset": preset} if method == "dis" else {}


def _check(settings: dict, length: int) -> None:
    for kind, known in (("method", METHODS), ("definition", DEFINITIONS)):
        if settings[kind] not in known:
            raise ValueError(
                f"Unknown flow {kind} {settings[kind]!r}. Expected one of: {', '.join(sorted(known))}."
            )
    if not settings["bound"] > 0:
        raise ValueError(f"The bound of 8-bit flow must be above 0, not {settings['bound']}.")
    if settings["frames"] <= (length if settings["definition"] == "anchored" else 1):
        raise ValueError(f"{settings['frames']} frames are too few for the flow asked for.")
