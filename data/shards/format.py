"""Packed stores: many clips in one .npy file, opened memory-mapped, described by JSON.

A store is a folder of `00000.npy`, `00001.npy`, ..., each with a small `.json` of its own, and `index.json`,
which is written last: a folder without it is unfinished and cannot be opened. Every file is written beside
its place, flushed to the disk and renamed, so that no half file is ever seen. A regular shard is
`(clips, T, ...)`; a ragged one joins its clips along time, `(sum of lengths, ...)`; a packed one is the bytes
of its clips' files (see `pack`), one after the other. The index has a digest of every shard and of itself; no
byte is handed out before they were compared (see `verify`).
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from vidattn.data.files import atomic
from vidattn.data.files.names import nearest
from vidattn.data.shards import packing
from vidattn.data.shards.verify import Damaged, Verifier, aside

INDEX = "index.json"


class Clips:
    """A finished store.

    Attributes:
        path: The folder.
        ids: Clip ids, in store order.
        lengths: Frames per clip `(N,)`, in the order of `ids`.
        settings: What the store was made with; `versions`: the extractor's versions.
        plan: Digest of all that was asked for: settings, versions, clips.
        failed: Reason by id for the clips that could not be extracted.
        digest: Digest of content, ids and settings.
        shape, dtype: Of one frame (or feature vector).
    """

    def __init__(self, path: Path, index: dict) -> None:
        self.path, self.ids = path, tuple(index["ids"])
        self.settings, self.versions, self.plan = index["settings"], index["versions"], index["plan"]
        self.failed, self.digest = index["failed"], index["digest"]
        self.shape, self.dtype = tuple(index["shape"]), np.dtype(index["dtype"])
        self.lengths = np.asarray(index["lengths"], dtype=np.int64)
        self.ragged, self.packed = index["ragged"], index["container"] != "npy"
        self._sizes = [sizes for shard in index["shards"] for sizes in shard.get("sizes", [])]
        self._row = {clip: row for row, clip in enumerate(self.ids)}
        counts = np.asarray([shard["clips"] for shard in index["shards"]], dtype=np.int64)
        self._shards, self._verifier = index["shards"], Verifier(path)
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
        return packing.unpack([array[a:b] for a, b in zip(edges[:-1], edges[1:])], self.shape)

    def verify(self) -> list[tuple[Path, Damaged]]:
        """Reads every shard that was not read before; the damaged ones, with what is wrong."""
        found = []
        for number, shard in enumerate(self._shards):
            try:
                if shard["clips"]:
                    self._array(number)
            except Damaged as error:
                found.append((self.path / shard["file"], error))
        return found

    def _array(self, shard: int) -> np.ndarray:
        if shard not in self._open:
            about = self._shards[shard]
            lengths = self.lengths[self._shard == shard]
            shape, dtype = layout(lengths, self.shape, self.dtype, self.ragged, about.get("sizes"))
            self._open[shard] = self._verifier.array(about["file"], shape, dtype, about["digest"])
        return self._open[shard]

    def _complaint(self, clip: str) -> str:
        if clip in self.failed:
            return f"Clip {clip!r} could not be extracted into {self.path}: {self.failed[clip]}"
        return f"No clip '{clip}' among the {len(self.ids)} of {self.path}.{nearest(clip, self.ids)}"


def open(path: str | Path) -> Clips:
    """Opens a finished store; nothing is read before `Clips.read`."""
    path = Path(path)
    if not (path / INDEX).exists():
        raise FileNotFoundError(
            f"No finished store in {path} ({INDEX} is missing); run its extraction again."
        )
    index = sealed(path / INDEX)
    if index is None:
        raise Verifier(path).damaged(INDEX, "its text is not the one that was written")
    return Clips(path, index)


def layout(
    lengths: Sequence[int], shape: Sequence[int], dtype: np.dtype, ragged: bool, sizes: list | None
) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and type of a shard's array, from the lengths of its clips and the shape of a frame."""
    if sizes is not None:
        return (sum(map(sum, sizes)),), np.dtype(np.uint8)
    frames = (int(sum(lengths)),) if ragged else (len(lengths), int(lengths[0]))
    return (*frames, *shape), np.dtype(dtype)


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
        "ragged": ragged,
        "digest": hashlib.sha256(np.ascontiguousarray(array).data).hexdigest(),
        **sizes,
    }
    entry["seal"] = digest(entry)
    write_json(folder / f"{number:05d}.json", entry)
    return entry


def _join(arrays: list[np.ndarray], ragged: bool, container: str) -> tuple[np.ndarray, dict]:
    """The array of a shard, and the sizes of a packed clip's files."""
    if not arrays:
        return np.zeros((0,), np.uint8), {}
    if container == "npy":
        return (np.concatenate(arrays) if ragged else np.stack(arrays)), {}
    files = [packing.pack(clip) for clip in arrays]
    joined = np.frombuffer(b"".join(file for clip in files for file in clip), np.uint8)
    return joined, {"sizes": [[len(file) for file in clip] for clip in files]}


def complete(folder: Path, number: int, about: dict) -> dict | None:
    """The entry of a shard that is finished, whole and made as `about` says, else `None`."""
    entry = sealed(folder / f"{number:05d}.json")
    if entry is None or any(entry.get(key) != value for key, value in about.items()):
        return None
    if not entry["clips"]:
        return entry
    sizes, ragged = entry.get("sizes"), entry["ragged"]
    shape, dtype = layout(entry["lengths"], entry["shape"], entry["dtype"], ragged, sizes)
    try:
        Verifier(folder).array(entry["file"], shape, dtype, entry["digest"])
    except Damaged as error:
        aside(error, folder / entry["file"])
        return None
    return entry


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


def sealed(path: Path) -> dict | None:
    """The JSON of a file if its own digest (`seal`, of an index `digest`) is right, else `None`."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    name = "digest" if path.name == INDEX else "seal"
    if not isinstance(value, dict) or name not in value:
        return None
    rest = {key: content for key, content in value.items() if key != name}
    return value if digest(rest) == value[name] else None


def write_json(path: Path, value: object) -> None:
    """Writes JSON in one stroke."""
    atomic.write(path, json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def place(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    """Writes a file in one stroke through a stream."""
    with atomic.replace(path) as partial, partial.open("wb") as file:
        fill(file)
