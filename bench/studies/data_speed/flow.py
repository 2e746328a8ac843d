"""Speed and storage of optical flow against bare OpenCV, the thesis' way and other containers."""

import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd

from vidattn.bench.studies.data_speed import alternatives, codecs, timing
from vidattn.data.extract import flow, frames
from vidattn.data.media import decode
from vidattn.data.shards import costs
from vidattn.data.shards import format as shards

Rows = list[dict]


def flow_pairs(store: Path, size: int) -> Rows:
    """Pairs per CPU second: extraction (read, grey, TV-L1, 8 bits, write) against the bare solver."""
    subset = timing.subset(store, "pairs", 2)
    path = frames.extract(subset, store, frames=6, size=size, workers=1)
    clips = shards.open(path)
    tones = [flow.grey(clip) for clip in clips.read(clips.ids)]

    def ours() -> None:
        shutil.rmtree(store / subset / "flow", ignore_errors=True)
        flow.extract(subset, store, frames=6, size=size, workers=1)

    pairs = 5 * len(tones)
    a, b = timing.turns(ours, lambda: [alternatives.bare_tvl1(clip) for clip in tones], 3)
    return [
        timing.row("flow_pairs", pairs / a, pairs / b, "pairs/CPU s", pairs, f"TV-L1 defaults, {size} px")
    ]


def thesis_job(store: Path, index: pd.DataFrame, size: int, count: int = 2) -> Rows:
    """The thesis' 25 frames and stacks of 5 of a clip, from the video to the stored flow."""
    subset = timing.subset(store, "job", count)
    paths = [store / subset / path for path in index.path[:count]]

    def ours() -> None:
        flow.extract(subset, store, frames=25, size=size, workers=1)

    def theirs() -> None:
        for path in paths:
            alternatives.thesis_flow(path, 25, size, 5, store / "thesis.npz")

    a, b = timing.turns(ours, theirs, 1)
    note = f"decode, 24 against 100 pairs, store; TV-L1 defaults, {size} px"
    return [timing.row("flow_job", a / count, b / count, "CPU s/clip", count, note)]


def two_processes(real: Path | None, store: Path, size: int, clips: int) -> Rows:
    """Two workers against one on the same pairs; the start-up of the workers counts against them.

    Many clips of a pair each: start-up is small beside the work, and the last shard, in which one worker may
    wait for the other, is short.
    """
    store = store / "many"
    store.mkdir()
    timing.index(real, store, clips)
    walls, seconds = [], []
    for workers in (2, 1):
        subset = timing.subset(store, f"workers{workers}", None)
        frames.extract(subset, store, frames=2, size=size, workers=1)
        start, used = time.perf_counter(), costs.cpu_seconds()
        path = flow.extract(subset, store, frames=2, size=size, workers=workers)
        walls.append(time.perf_counter() - start)
        seconds.append(costs.cpu_seconds() - used)
    pairs = len(shards.open(path))
    note = f"TV-L1 defaults, {size} px; wall time: needs two free cores"
    bound = f"CPU time of all processes: at most {2 * seconds[1] / seconds[0]:.2f}x on two free cores"
    return [
        timing.row("flow_two_processes", pairs / walls[0], pairs / walls[1], "pairs/s", pairs, note),
        timing.row(
            "flow_two_processes_cpu", seconds[0] / pairs, seconds[1] / pairs, "CPU s/pair", pairs, bound
        ),
    ]


def storage(index: pd.DataFrame, size: int = 224, bound: float = 20.0, count: int = 4) -> Rows:
    """Bytes, decoding time and error of our container against the thesis' files and other containers."""
    rows: dict[str, list] = {}
    thesis, pairs = [], []
    for row in index.iloc[:: max(1, len(index) // count)].head(count).itertuples():
        clip = decode.read(row.path, decode.uniform(row.frames, 25), size)
        exact = flow.compute(clip, {"method": "tvl1", "definition": "consecutive"})
        stacks = flow.stack(exact[None], 5)[0]
        thesis.append((len(alternatives.int64_npz(stacks)), np.abs(exact - np.trunc(exact)).mean()))
        pairs.append((*alternatives.jpeg_pairs(exact, bound), *_coarser(exact, bound)))
        stored = flow.quantise(exact, bound)
        for name, codec in codecs.codecs().items():
            rows.setdefault(name, []).append(_container(codec, stored, exact, bound))
    means = {name: np.mean(values, axis=0) for name, values in rows.items()}
    size_ours, time_ours, error_ours = means["webp"]
    size_thesis, error_thesis = np.mean(thesis, axis=0)
    note = f"mean error {error_ours:.3f} against {error_thesis:.3f} px; stacks of consecutive flow, {size} px"
    out = [timing.row("storage_thesis", size_ours, size_thesis, "bytes/clip", count, note)]
    theirs, error, ours, coarse = np.mean(pairs, axis=0)
    note = f"mean error {coarse:.4f} against {error:.4f} px; ours with a bound wide enough to err as much"
    out.append(timing.row("storage_jpeg_pairs", ours, theirs, "bytes/clip", count, note))
    for name, (bytes_theirs, time_theirs, error_theirs) in means.items():
        note = f"mean error {error_ours:.4f} against {error_theirs:.4f} px"
        if name != "webp":
            out.append(timing.row(f"storage_{name}", size_ours, bytes_theirs, "bytes/clip", count, note))
            out.append(
                timing.row(f"unpack_{name}", 1e3 * time_ours, 1e3 * time_theirs, "CPU ms/clip", count, "")
            )
    return out


def _coarser(exact: np.ndarray, bound: float) -> tuple[int, float]:
    """Bytes and error of our container at the widest bound that errs no more than JPEG pairs do."""
    limit, best = alternatives.jpeg_pairs(exact, bound)[1], (0, 0.0)
    for wide in bound * 1.05 ** np.arange(24):
        stored = flow.quantise(exact, wide)
        error = float(np.abs(flow.dequantise(stored, wide) - exact).mean())
        if error > limit:
            break
        best = sum(map(len, codecs.codecs()["webp"][0](stored))), error
    return best


def _container(codec: codecs.Codec, stored: np.ndarray, exact: np.ndarray, bound: float) -> tuple:
    pack, unpack = codec
    parts = pack(stored)
    seconds = min(timing.cpu(lambda: unpack(parts, stored.shape)) for _ in range(3))
    error = np.abs(flow.dequantise(unpack(parts, stored.shape), bound) - exact).mean()
    return sum(map(len, parts)), seconds, error
