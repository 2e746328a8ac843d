"""Packed stores: many clips in one .npy file, opened memory-mapped, described by JSON.

A store is a folder of `00000.npy`, `00001.npy`, ..., each with a small `.json` of its own, and `index.json`,
which is written last: a folder without it is unfinished and cannot be opened. Every file is written beside
its place, flushed to the disk and renamed, so that no half file is ever seen. A regular shard is
`(clips, T, ...)`; a ragged one joins its clips along time, `(sum of lengths, ...)`; a packed one is the bytes
of its clips' files (see `pack`), one after the other.
"""

import difflib
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from vidattn.data import pack

INDEX = "index.json"


class Clips:
    """A finished store.

    Attributes:
        path: The folder.
        ids: Clip ids, in store order.
        lengths: Frames per clip `(N,)`, in the order of `ids`.
        settings: What the store was made with; `versions`: the extractor's versions.
        failed: Reason by id for the clips that could not be extracted.
        digest: Digest of content, ids and settings.
        shape, dtype: Of one frame (or feature vector).
    """

    def __init__(self, path: Path, index: dict) -> None:
        self.path, self.ids = path, tuple(index["ids"])
        self.settings, self.versions = index["settings"], index["versions"]
        self.failed, self.digest = index["failed"], index["digest"]
        self.shape, self.dtype = tuple(index["shape"]), np.dtype(index["dtype"])
        self.lengths = np.asarray(index["lengths"], dtype=np.int64)
        self.ragged, self.packed = index["ragged"], index["container"] != "npy"
        self._sizes = [sizes for shard in index["shards"] for sizes in shard.get("sizes", [])]
        self._row = {clip: row for row, clip in enumerate(self.ids)}
        counts = np.asarray([shard["clips"] for shard in index["shards"]], dtype=np.int64)
        self._files = [shard["file"] for shard in index["shards"]]
        self._shard = np.repeat(np.arange(len(counts)), counts)
        first = np.repeat(np.cumsum(counts) - counts, counts)  # row of the first clip of a clip's shard
        start = np.cumsum(self.lengths) - self.lengths
        self._place = start - start[first] if self.ragged else np.arange(len(self.ids)) - first
        if self.packed:
            ends = np.cumsum([sum(sizes) for sizes in self._sizes])
            begins = np.concatenate([[0], ends[:-1]])
            self._place = begins - begins[first]
        self._open: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, ids: Sequence[str]) -> np.ndarray:
        """Positions of clips in `ids`, `(B,)`; an unknown clip raises."""
        missing = [clip for clip in ids if clip not in self._row]
        if missing:
            raise KeyError(self._complaint(missing[0]))
        return np.asarray([self._row[clip] for clip in ids], dtype=np.int64)

    def read(self, ids: Sequence[str], frames: int | None = None) -> np.ndarray:
        """The clips `(B, T, ...)` in the order asked for.

        Args:
            ids: Clip ids.
            frames: `T`. Longer clips keep their first `T` frames, shorter ones end in zeros (see `mask`).
                `None` stands for the longest of the clips asked for.
        """
        rows = self.rows(ids)
        if frames is None:
            frames = int(self.lengths[rows].max(initial=0))
        if self.ragged or self.packed:
            return self._read_each(rows, frames)
        out = np.zeros((len(rows), frames, *self.shape), self.dtype)
        for shard in np.unique(self._shard[rows]):
            at = np.flatnonzero(self._shard[rows] == shard)
            kept = self._array(shard)[self._place[rows[at]], :frames]
            out[at, : kept.shape[1]] = kept
        return out

    def mask(self, ids: Sequence[str], frames: int) -> np.ndarray:
        """True where `read(ids, frames)` holds a frame and not padding, `(B, T)`."""
        return np.arange(frames) < self.lengths[self.rows(ids)][:, None]

    def _read_each(self, rows: np.ndarray, frames: int) -> np.ndarray:
        out = np.zeros((len(rows), frames, *self.shape), self.dtype)
        for position, row in enumerate(rows):
            length = min(int(self.lengths[row]), frames)
            out[position, :length] = self._clip(row)[:length]
        return out

    def _clip(self, row: int) -> np.ndarray:
        array, start = self._array(self._shard[row]), self._place[row]
        if not self.packed:
            return array[start : start + self.lengths[row]]
        edges = start + np.cumsum([0, *self._sizes[row]])
        return pack.unpack([array[a:b] for a, b in zip(edges[:-1], edges[1:])], self.shape)

    def _array(self, shard: int) -> np.ndarray:
        if shard not in self._open:
            self._open[shard] = np.load(self.path / self._files[shard], mmap_mode="r", allow_pickle=False)
        return self._open[shard]

    def _complaint(self, clip: str) -> str:
        if clip in self.failed:
            return f"Clip {clip!r} could not be extracted into {self.path}: {self.failed[clip]}"
        near = difflib.get_close_matches(clip, self.ids, 1)
        hint = f" Nearest: {near[0]!r}." if near else ""
        return f"No clip {clip!r} among the {len(self.ids)} of {self.path}.{hint}"


def open(path: str | Path) -> Clips:
    """Opens a finished store; nothing is read before `Clips.read`."""
    path = Path(path)
    index = read_json(path / INDEX)
    if index is None:
        raise FileNotFoundError(
            f"No finished store in {path} ({INDEX} is missing); run its extraction again."
        )
    return Clips(path, index)


def write(
    folder: Path, number: int, clips: dict[str, np.ndarray], ragged: bool, container: str, about: dict
) -> dict:
    """Writes one shard and then the JSON that marks it complete; returns that JSON's content."""
    arrays = list(clips.values())
    array, sizes = _join(arrays, ragged, container)
    place(folder / f"{number:05d}.npy", lambda file: np.save(file, array, allow_pickle=False))
    entry = {
        **about,
        "file": f"{number:05d}.npy",
        "clips": len(arrays),
        "ids": list(clips),
        "lengths": [len(clip) for clip in arrays],
        "shape": list(arrays[0].shape[1:]) if arrays else None,
        "dtype": arrays[0].dtype.str if arrays else None,
        "bytes": (folder / f"{number:05d}.npy").stat().st_size,
        "digest": hashlib.sha256(np.ascontiguousarray(array).data).hexdigest(),
        **sizes,
    }
    write_json(folder / f"{number:05d}.json", entry)
    return entry


def _join(arrays: list[np.ndarray], ragged: bool, container: str) -> tuple[np.ndarray, dict]:
    """The array of a shard, and the sizes of a packed clip's files."""
    if not arrays:
        return np.zeros((0,), np.uint8), {}
    if container == "npy":
        return (np.concatenate(arrays) if ragged else np.stack(arrays)), {}
    files = [pack.pack(clip) for clip in arrays]
    joined = np.frombuffer(b"".join(file for clip in files for file in clip), np.uint8)
    return joined, {"sizes": [[len(file) for file in clip] for clip in files]}


def complete(folder: Path, number: int, about: dict) -> dict | None:
    """The entry of a shard that is finished and made as `about` says, else `None`."""
    entry = read_json(folder / f"{number:05d}.json")
    array = folder / f"{number:05d}.npy"
    if entry is None or any(entry.get(key) != value for key, value in about.items()):
        return None
    return entry if array.is_file() and array.stat().st_size == entry["bytes"] else None


def finish(folder: Path, entries: Sequence[dict], ragged: bool, container: str, about: dict) -> None:
    """Writes the index of a store, from then on it can be opened."""
    filled = next((entry for entry in entries if entry["clips"]), None)
    if filled is None:
        failed = [f"{clip}: {why}" for entry in entries for clip, why in entry["failed"].items()]
        raise ValueError(f"No clip could be extracted into {folder}. " + "; ".join(failed[:3]))
    keys = ("file", "clips", "digest", "sizes")
    index = {
        **about,
        "ragged": ragged,
        "container": container,
        "shape": filled["shape"],
        "dtype": filled["dtype"],
        "ids": [clip for entry in entries for clip in entry["ids"]],
        "lengths": [length for entry in entries for length in entry["lengths"]],
        "failed": {clip: why for entry in entries for clip, why in entry["failed"].items()},
        "shards": [{key: entry[key] for key in keys if key in entry} for entry in entries],
    }
    index["digest"] = digest(index)
    write_json(folder / INDEX, index)


def digest(value: object) -> str:
    """SHA-256 of a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def read_json(path: Path) -> dict | None:
    """The JSON of a file, `None` where there is no file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def write_json(path: Path, value: object) -> None:
    """Writes JSON in one stroke."""
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    place(path, lambda file: file.write(text.encode()))


def place(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    """Writes a file beside its place, flushes it to the disk, renames it: it is whole or absent."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        fill(file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
