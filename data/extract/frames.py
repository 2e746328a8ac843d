"""Sampled frames of every clip of a data set, RGB, resized, packed."""

import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from vidattn.data.files import seal
from vidattn.data.media import decode
from vidattn.data.media.probe import digest
from vidattn.data.shards import build as extraction

FORMAT = 1  # raise it when the same settings give other frames: stores have it in their key
SAMPLINGS = ("per_second", "uniform", "window")
PICTURES = 500  # still pictures in a file: a file for every eight, each flushed to the disk, takes minutes


@dataclass(frozen=True)
class Source:
    """One usable row of the index; `dataset` is its name."""

    path: Path
    frames: int
    fps: float
    digest: str
    dataset: str = ""


def extract(
    name: str,
    store: str | Path,
    sampling: str = "uniform",
    frames: int | None = 25,
    size: int = 224,
    *,
    seconds: float | None = None,
    workers: int | None = None,
    container: str = "npy",
) -> Path:
    """Decodes every usable clip once, in order, and stores the sampled frames.

    Args:
        name: Data set.
        store: Store folder; the result lies in `store/<name>/frames/<key>`.
        sampling: "uniform", `frames` frames spread over the clip; "window", over its middle `seconds`;
            "per_second", one frame a second. The latter two go by time stamps where the rate varies.
        frames: `T`. With "per_second" at most so many; `None` keeps all.
        size: Side of the stored frames.
        seconds: Of "window".
        workers: Processes, by default one a core. Does not change the bytes.
        container: "npy", plain and fastest, or "webp", lossless and several times smaller.

    Returns:
        The folder, for `shards.open`: `(B, T, size, size, 3)` uint8, ragged with "per_second".
    """
    settings = _settings(sampling, frames, size, container, seconds)
    return extract_all(name, store, [settings], workers=workers)[0]


def extract_all(
    name: str, store: str | Path, wanted: Sequence[dict], *, workers: int | None = None
) -> list[Path]:
    """Several choices of frames in one pass: every clip is decoded once for all stores that lack it.

    Args:
        name, store, workers: As for `extract`.
        wanted: Keywords of `extract` (sampling, frames, size, container, seconds), one mapping a store.

    Returns:
        The folders, in order; what lies in them is what `extract` alone makes.
    """
    sources = usable(name, store)
    every = [{"container": "npy", **settings} for settings in wanted]
    plans = [_plan(name, store, sources, settings) for settings in every]
    choices = [{k: v for k, v in settings.items() if k != "container"} for settings in every]
    several = functools.partial(_clips, sources=sources, choices=choices)
    return extraction.build_all(plans, several, workers, f"{name} frames")


def _plan(name: str, store: str | Path, sources: dict[str, Source], settings: dict) -> extraction.Plan:
    sampling = settings["sampling"]
    if sampling not in SAMPLINGS:
        raise ValueError(f"Unknown sampling {sampling!r}. Expected one of: {', '.join(SAMPLINGS)}.")
    if sampling != "per_second" and not settings["frames"]:
        raise ValueError(f"Sampling '{sampling}' needs a number of frames.")
    if (sampling == "window") != bool(settings.get("seconds")):
        raise ValueError("Sampling 'window' needs the seconds of its window, and no other takes them.")
    return extraction.Plan(
        folder=path(name, store, **settings),
        ids=tuple(sources),
        marks=tuple(source.digest for source in sources.values()),
        work=functools.partial(_clip, sources=sources, choice=settings),
        settings=settings,
        versions=_versions(),
        container=settings["container"],
        ragged=sampling == "per_second",
        shard=PICTURES if all(source.frames == 1 for source in sources.values()) else extraction.SHARD,
    )


def path(
    name: str,
    store: str | Path,
    *,
    sampling: str,
    frames: int | None,
    size: int,
    container: str = "npy",
    seconds: float | None = None,
) -> Path:
    """Where `extract` with these settings stores its result."""
    settings = _settings(sampling, frames, size, container, seconds)
    label = f"{sampling}-{frames or 'all'}-{size}"
    return Path(store) / name / "frames" / extraction.key(label, settings, _versions())


def _settings(sampling: str, frames: int | None, size: int, container: str, seconds: float | None) -> dict:
    """What a store is made with; `seconds` only where asked for: a store without has another key."""
    settings = {"sampling": sampling, "frames": frames, "size": size, "container": container}
    return settings if seconds is None else {**settings, "seconds": seconds}


def _versions() -> dict:
    return extraction.formatted({"opencv": cv2.__version__}, "frames", FORMAT)


def usable(name: str, store: str | Path) -> dict[str, Source]:
    """The clips that the index of a data set calls good, by id and in index order."""
    import pandas as pd  # worker processes, which import this module, start in half the time without it

    folder = Path(store) / name
    if not (folder / "index.csv").is_file():
        raise FileNotFoundError(f"No index of {name!r} in {folder}; run its index stage first.")
    if seal.broken(folder / "index.csv"):
        raise ValueError(f"{folder / 'index.csv'} is damaged. Write it again with: vidattn data index {name}")
    table = pd.read_csv(folder / "index.csv", dtype={"clip": str, "digest": str}, keep_default_na=False)
    good = table[table["status"] == "ok"]
    return {
        row.clip: Source(folder / row.path, int(row.frames), float(row.fps or 0), row.digest, name)
        for row in good.itertuples()
    }


def of_file(path: Path, settings: dict) -> np.ndarray:
    """What a store with these settings would hold of one file, `(T, size, size, 3)` uint8.

    Raises:
        DecodeError: It is no video (or picture), or too short.
    """
    from vidattn.data.media.probe import probe

    if path.suffix.lower() in decode.IMAGES:
        source = Source(path, 1, 0.0, "")
    else:
        found = probe(path)
        if found.status != "ok":
            raise decode.DecodeError(f"{path} is no video that can be used: {found.reason}.")
        source = Source(path, found.frames, found.fps, found.digest)
    return _clip(path.name, {path.name: source}, settings)


def _clip(clip: str, sources: dict[str, Source], choice: dict) -> np.ndarray:
    [made] = _clips(clip, (0,), sources, [choice])
    if isinstance(made, decode.DecodeError):
        raise made
    return made


def _clips(clip: str, positions: tuple[int, ...], sources: dict[str, Source], choices: list[dict]) -> list:
    """One clip for the choices at some positions: an array or a `DecodeError` for each."""
    source, chosen = sources[clip], [choices[position] for position in positions]
    if "#" in source.path.name:  # a tile of a mosaic of pictures
        return [_caught(_tile, source, choice["frames"] or 1, choice["size"]) for choice in chosen]
    if not source.path.is_file():
        raise _changed(source, "is missing")
    if source.digest and digest(source.path) != source.digest:
        raise _changed(source, "has other bytes")
    places = [_caught(indices, source, choice) for choice in chosen]
    asked = [
        (at, choice["size"]) for at, choice in zip(places, chosen) if not isinstance(at, decode.DecodeError)
    ]
    made = iter(decode.read_several(source.path, asked) if asked else [])
    return [at if isinstance(at, decode.DecodeError) else next(made) for at in places]


def _changed(source: Source, what: str) -> ValueError:
    """No `DecodeError`, which would stand in a finished store for good, even once the file is whole again."""
    return ValueError(
        f"{source.path} {what} since it was indexed. Bring the file back, or index again: "
        f"vidattn data index {source.dataset}"
    )


def _caught(work: Callable, *arguments: object) -> np.ndarray | decode.DecodeError:
    try:
        return work(*arguments)
    except decode.DecodeError as error:
        return error


def indices(source: Source, choice: dict) -> np.ndarray:
    """The frames that a choice takes of a clip; a rate of 0 in the index stands for one that varies."""
    sampling, frames = choice["sampling"], choice["frames"]
    if sampling == "uniform":
        return decode.uniform(source.frames, frames or 1) if source.frames else np.arange(0)
    if sampling == "per_second" and source.fps > 0:
        return decode.per_second(source.frames, source.fps, frames)
    times = np.arange(source.frames) / source.fps if source.fps > 0 else decode.stamps(source.path)
    if sampling == "window":
        return decode.window(times, frames, choice["seconds"])
    return decode.nearest(times, np.arange(int(times[-1]) + 1))[:frames]


def _tile(source: Source, frames: int, size: int) -> np.ndarray:
    from vidattn.data.media import pictures

    try:
        picture = pictures.read(source.path.parent, source.path.name)
    except (ValueError, OSError) as error:
        raise _changed(source, f"cannot be read ({error})") from error
    if source.digest and hashlib.sha256(picture.tobytes()).hexdigest() != source.digest:
        raise _changed(source, "has other pixels")
    picture = cv2.resize(np.ascontiguousarray(picture), (size, size), interpolation=cv2.INTER_AREA)
    return np.repeat(picture[None], frames, axis=0)
