"""Speed of decoding, features and batches against other decoders, single frames and no prefetching."""

import importlib.metadata
import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from vidattn.bench.studies.data_speed import alternatives, timing
from vidattn.data.batches import pipeline
from vidattn.data.extract import features, frames
from vidattn.data.media import decode
from vidattn.data.shards import format as shards

Rows = list[dict]
Encode = Callable[[np.ndarray], np.ndarray]
Step = Callable[[dict[str, np.ndarray], np.ndarray], object]
EPOCHS = 4  # of the clips at hand, for the input pipeline


TWO = (
    {"sampling": "per_second", "frames": None, "size": 224},
    {"sampling": "uniform", "frames": 8, "size": 224},
)


def decoding(store: Path, index: pd.DataFrame, real: Path | None, count: int = 8) -> Rows:
    """25 frames of a clip at its own size, by each decoder; then two samplings of it, in one pass and in two.

    `same pixels` is checked on every clip, `same bytes` on every file of the stores.
    """
    kinds = {"": [Path(path) for path in index.path[:count]]}
    if real is not None:
        kinds = {"_h264": kinds[""], "_xvid": sorted((real / "original_samples").glob("*.avi"))[:count]}
    rows = []
    for kind, paths in kinds.items():
        wanted = [decode.uniform(len(alternatives.read_all(path)), 25) for path in paths]
        for name, other in alternatives.DECODERS.items():
            rows.append(_decoder(f"decode_{name}{kind}", other, paths, wanted))
    return [*rows, two_samplings(store, 2 * count)]


def two_samplings(store: Path, count: int) -> dict:
    """Both stores that the suite `icip` reads, made in one pass against a pass for each."""
    subset = timing.subset(store, "samplings", count)

    def ours() -> None:
        shutil.rmtree(store / subset / "frames", ignore_errors=True)
        frames.extract_all(subset, store, TWO, workers=1)

    def theirs() -> None:
        shutil.rmtree(store / subset / "frames", ignore_errors=True)
        for settings in TWO:
            frames.extract(subset, store, **settings, workers=1)

    clips = len(pd.read_csv(store / subset / "index.csv"))
    a, b = timing.turns(ours, theirs, 4)
    ours()
    made = _bytes(store / subset)
    theirs()
    same = _yes(made == _bytes(store / subset))
    note = f"one frame a second, and 8 frames, 224 px, decoded and stored; same bytes: {same}"
    return timing.row("decode_two_samplings", a / clips, b / clips, "CPU s/clip", clips, note)


def _bytes(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _yes(same: bool) -> str:
    return "yes" if same else "no"


def _decoder(name: str, other: Callable, paths: list[Path], wanted: list[np.ndarray]) -> dict:
    jobs, library = list(zip(paths, wanted)), other.__name__
    try:
        same = all((decode.read(path, i) == other(path, i)).all() for path, i in jobs)
    except (ImportError, RuntimeError) as error:  # TorchCodec raises the latter where FFmpeg is missing
        note = f"not measured, {library} cannot be loaded: {str(error).strip().splitlines()[0]}"
        return timing.row(name, np.nan, np.nan, "CPU ms/clip", 0, note)
    ours, theirs = timing.turns(
        lambda: [decode.read(path, i) for path, i in jobs], lambda: [other(path, i) for path, i in jobs], 8
    )
    each = 1e3 / len(jobs)
    note = f"25 frames; same pixels: {_yes(same)}{_version(library)}"
    return timing.row(name, each * ours, each * theirs, "CPU ms/clip", len(jobs), note)


def _version(library: str) -> str:
    """Version of a decoder that is a package of its own."""
    package = {"pyav": "av"}.get(library, library)
    try:
        return f"; {package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return ""


def feature_pass(store: Path, encode: Encode | None, predict_one: Encode | None) -> Rows:
    """Features of all frames in batches, stored, against one forward pass a frame."""
    if encode is None:
        return [timing.row("features", np.nan, np.nan, "CPU s", 0, "no backbone was given")]
    subset = timing.subset(store, "features", 3)
    path = frames.extract(subset, store, frames=16, size=224, workers=1)
    flat = pipeline.finish("rgb", np.concatenate(shards.open(path).read(shards.open(path).ids)))
    one = predict_one or encode
    encode(np.zeros((32, 224, 224, 3), np.float32))  # tracing is not what is compared
    one(flat[:1])

    def ours() -> None:
        shutil.rmtree(store / subset / "features", ignore_errors=True)
        features.extract(subset, store, path, encode, {"backbone": "bench"})

    a, b = timing.turns(ours, lambda: alternatives.one_by_one(flat, one), 2)
    return [
        timing.row(
            "features", a, b, "CPU s", len(flat), "frames of 224 px, batches of 32 against single frames"
        )
    ]


def waiting(store: Path, step: Step | None, frames_: int = 8, size: int = 64, batch: int = 8) -> Rows:
    """Share of an epoch in which the training step waits for its batch, with prefetching and without."""
    if step is None:
        return [timing.row("pipeline_waiting", np.nan, np.nan, "", 0, "no training step was given")]
    subset = timing.subset(store, "waiting", None)
    clips = shards.open(frames.extract(subset, store, frames=frames_, size=size, workers=1))
    kind = f"RGB, {frames_} frames of {size} px, batches of {batch}"
    runs = {"": partial(_epochs, clips, batch, None), "_augmented": partial(_epochs, clips, batch, {})}
    return [row for name, run in runs.items() for row in _against(name, run, step, EPOCHS * len(clips), kind)]


def _against(name: str, run: Callable[[int], Iterator], step: Step, count: int, kind: str) -> Rows:
    """Rows of one pipeline; `run` takes the batches held ready."""
    ours, theirs = (_waited(run(depth), step) for depth in (2, 0))
    made = list(run(0))
    a, b = timing.turns(lambda: list(run(0)), lambda: [step(*each) for each in made], 2)
    waited, rate = "prefetched against made on demand", "the pipeline against the step of the smallest cell"
    unit = "share of wall time"
    return [
        timing.row(f"pipeline_waiting{name}", ours, theirs, unit, count, f"{kind}; {waited}"),
        timing.row(f"pipeline_rate{name}", count / a, count / b, "clips/CPU s", count, f"{kind}; {rate}"),
    ]


def _epochs(clips: shards.Clips, batch: int, augment: dict | None, depth: int) -> Iterator[pipeline.Batch]:
    """Shuffled batches of some epochs."""
    for epoch in range(EPOCHS):
        yield from pipeline.batches(
            {"rgb": clips},
            [0] * len(clips),
            clips.ids,
            batch,
            epoch=epoch,
            shuffle=True,
            augment=augment,
            prefetch=depth,
        )


def _waited(batches: Iterator[pipeline.Batch], step: Callable) -> float:
    """Share of the time spent in `next`; the first batch, which comes before any step, does not count."""
    step(*next(batches))
    waited, start = 0.0, time.perf_counter()
    while True:
        asked = time.perf_counter()
        batch = next(batches, None)
        waited += time.perf_counter() - asked
        if batch is None:
            return waited / (time.perf_counter() - start)
        step(*batch)
