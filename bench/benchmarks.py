"""Speed and storage of the data layer, each against another way to do the same, both sides in one run.

CPU seconds of this process are compared (wall time only where processes run side by side), sides take turns
and the better of their repeats counts, so that a busy machine disturbs little. `ratio` is ours / theirs.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from vidattn.bench import baselines, containers, duel
from vidattn.data import decode, features, flow, frames, pipeline, shards

Rows = list[dict]
Encode = Callable[[np.ndarray], np.ndarray]


def run(
    shared: str | Path | None,
    out: str | Path,
    encode: Encode | None = None,
    predict_one: Encode | None = None,
    step: Callable[[dict[str, np.ndarray], np.ndarray], object] | None = None,
    size: int = 112,
    clips: int = 64,
) -> pd.DataFrame:
    """Measures everything and writes `<out>/benchmarks.csv`.

    Args:
        shared: Folder that holds the real clips `ucf101_12`, itself or under `data`; `None`: generated clips.
        out: Folder of the table.
        encode: Frozen backbone, `(N, 224, 224, 3)` float32 in [-1, 1] to features; without it no such row.
        predict_one: The same by the call that the ICIP code makes for a frame, if that is another.
        step: Training step of the smallest cell, of (arrays by stream, labels); without it no such row.
        size: Side of the frames in the flow measurements.
        clips: Clips at hand; parts use fewer.
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            store = Path(folder)
            index = duel.index(duel.real(shared), store, clips)
            rows = [
                *flow_pairs(store, size),
                *thesis_job(store, index, size),
                *two_processes(store, size),
                *storage(index),
                *decoding(index, duel.real(shared)),
                *feature_pass(store, encode, predict_one),
                *waiting(store, step),
            ]
    finally:
        cv2.setNumThreads(threads)
    table = pd.DataFrame(rows, columns=duel.COLUMNS)
    Path(out).mkdir(parents=True, exist_ok=True)
    text = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    shards.place(Path(out) / "benchmarks.csv", lambda file: file.write(text.encode()))
    return table


def flow_pairs(store: Path, size: int) -> Rows:
    """Pairs per CPU second: extraction (read, grey, TV-L1, 8 bits, write) against the bare solver."""
    subset = duel.subset(store, "pairs", 2)
    path = frames.extract(subset, store, frames=6, size=size, workers=1)
    clips = shards.open(path)
    tones = [flow.grey(clip) for clip in clips.read(clips.ids)]

    def ours() -> None:
        shutil.rmtree(store / subset / "flow", ignore_errors=True)
        flow.extract(subset, store, frames=6, size=size, workers=1)

    pairs = 5 * len(tones)
    a, b = duel.turns(ours, lambda: [baselines.bare_tvl1(clip) for clip in tones], 3)
    return [duel.row("flow_pairs", pairs / a, pairs / b, "pairs/CPU s", pairs, f"TV-L1 defaults, {size} px")]


def thesis_job(store: Path, index: pd.DataFrame, size: int) -> Rows:
    """The thesis' 25 frames and stacks of 5 of one clip, from the video to the stored flow."""
    subset = duel.subset(store, "job", 1)
    clip = store / subset / index.path[0]

    def ours() -> None:
        flow.extract(subset, store, frames=25, size=size, workers=1)

    a, b = duel.turns(ours, lambda: baselines.thesis_flow(clip, 25, size, 5, store / "thesis.npz"), 1)
    note = f"decode, 24 against 100 pairs, store; {size} px"
    return [duel.row("flow_job", a, b, "CPU s/clip", 1, note)]


def two_processes(store: Path, size: int) -> Rows:
    """Pairs per wall second of two workers against one, start-up of the workers included."""
    rates = []
    for workers in (2, 1):
        subset = duel.subset(store, f"workers{workers}", None)
        frames.extract(subset, store, frames=3, size=size, workers=1)
        start = time.perf_counter()
        path = flow.extract(subset, store, frames=3, size=size, workers=workers)
        pairs = 2 * len(shards.open(path))
        rates.append(pairs / (time.perf_counter() - start))
    two, one = rates
    return [duel.row("flow_two_processes", two, one, "pairs/s", pairs, "wall time: needs two free cores")]


def storage(index: pd.DataFrame, size: int = 224, bound: float = 20.0, count: int = 2) -> Rows:
    """Bytes, decoding time and error of our container against the thesis' files and other containers."""
    rows: dict[str, list] = {}
    thesis = []
    for row in index.iloc[:: max(1, len(index) // count)].head(count).itertuples():
        clip = decode.read(row.path, decode.uniform(row.frames, 25), size)
        exact = flow.compute(clip, {"method": "tvl1", "definition": "consecutive"})
        stacks = flow.stack(exact[None], 5)[0]
        thesis.append((len(baselines.int64_npz(stacks)), np.abs(exact - np.trunc(exact)).mean()))
        stored = flow.quantise(exact, bound)
        for name, codec in containers.codecs().items():
            rows.setdefault(name, []).append(_container(codec, stored, exact, bound))
    means = {name: np.mean(values, axis=0) for name, values in rows.items()}
    size_ours, time_ours, error_ours = means["webp"]
    size_thesis, error_thesis = np.mean(thesis, axis=0)
    note = f"mean error {error_ours:.3f} against {error_thesis:.3f} px; stacks of consecutive flow, {size} px"
    out = [duel.row("storage_thesis", size_ours, size_thesis, "bytes/clip", count, note)]
    for name, (bytes_theirs, time_theirs, error_theirs) in means.items():
        note = f"mean error {error_ours:.4f} against {error_theirs:.4f} px"
        if name != "webp":
            out.append(duel.row(f"storage_{name}", size_ours, bytes_theirs, "bytes/clip", count, note))
            out.append(
                duel.row(f"unpack_{name}", 1e3 * time_ours, 1e3 * time_theirs, "CPU ms/clip", count, "")
            )
    return out


def _container(codec: containers.Codec, stored: np.ndarray, exact: np.ndarray, bound: float) -> tuple:
    pack, unpack = codec
    parts = pack(stored)
    seconds = min(duel.cpu(lambda: unpack(parts, stored.shape)) for _ in range(3))
    error = np.abs(flow.dequantise(unpack(parts, stored.shape), bound) - exact).mean()
    return sum(map(len, parts)), seconds, error


def decoding(index: pd.DataFrame, real: Path | None, count: int = 8) -> Rows:
    """25 frames of a clip at its own size, by each decoder; `same pixels` is checked on every clip."""
    kinds = {"": [Path(path) for path in index.path[:count]]}
    if real is not None:
        kinds = {"_h264": kinds[""], "_xvid": sorted((real / "original_samples").glob("*.avi"))[:count]}
    rows = []
    for kind, paths in kinds.items():
        wanted = [decode.uniform(len(baselines.read_all(path)), 25) for path in paths]
        for name, other in baselines.DECODERS.items():
            rows.append(_decoder(f"decode_{name}{kind}", other, paths, wanted))
    return rows


def _decoder(name: str, other: Callable, paths: list[Path], wanted: list[np.ndarray]) -> dict:
    jobs = list(zip(paths, wanted))
    try:
        same = all((decode.read(path, i) == other(path, i)).all() for path, i in jobs)
    except ImportError as error:
        return duel.row(name, np.nan, np.nan, "CPU ms/clip", 0, f"{error.name} is not installed")
    ours, theirs = duel.turns(
        lambda: [decode.read(path, i) for path, i in jobs], lambda: [other(path, i) for path, i in jobs], 4
    )
    each = 1e3 / len(jobs)
    note = f"25 frames; same pixels: {'yes' if same else 'no'}"
    return duel.row(name, each * ours, each * theirs, "CPU ms/clip", len(jobs), note)


def feature_pass(store: Path, encode: Encode | None, predict_one: Encode | None) -> Rows:
    """Features of all frames in batches, stored, against one forward pass a frame."""
    if encode is None:
        return [duel.row("features", np.nan, np.nan, "CPU s", 0, "no backbone was given")]
    subset = duel.subset(store, "features", 3)
    path = frames.extract(subset, store, frames=16, size=224, workers=1)
    flat = pipeline.finish("rgb", np.concatenate(shards.open(path).read(shards.open(path).ids)))
    one = predict_one or encode
    encode(np.zeros((32, 224, 224, 3), np.float32))  # tracing is not what is compared
    one(flat[:1])

    def ours() -> None:
        shutil.rmtree(store / subset / "features", ignore_errors=True)
        features.extract(subset, store, path, encode, {"backbone": "bench"})

    a, b = duel.turns(ours, lambda: baselines.one_by_one(flat, one), 2)
    return [
        duel.row(
            "features", a, b, "CPU s", len(flat), "frames of 224 px, batches of 32 against single frames"
        )
    ]


def waiting(store: Path, step: Callable | None) -> Rows:
    """Share of an epoch in which the training step waits for its batch, with prefetching and without."""
    unit = "share of wall time"
    if step is None:
        return [duel.row("pipeline_waiting", np.nan, np.nan, unit, 0, "no training step was given")]
    subset = duel.subset(store, "waiting", None)
    clips = shards.open(frames.extract(subset, store, frames=16, size=64, workers=1))
    options = {"batch": 8, "shuffle": True, "augment": {}}
    ours, theirs = (
        _waited(
            pipeline.batches({"rgb": clips}, [0] * len(clips), clips.ids, prefetch=depth, **options), step
        )
        for depth in (2, 0)
    )
    note = "augmented RGB, 16 frames of 64 px, batches of 8; prefetched against made on demand"
    return [duel.row("pipeline_waiting", ours, theirs, unit, len(clips), note)]


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
