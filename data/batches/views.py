"""The stored clips of a data set under the names of one derived from it, some of them read backward."""

from collections.abc import Sequence

import numpy as np

from vidattn.data.datasets import View
from vidattn.data.shards.format import Clips


class Views:
    """A store that shows every clip in several views; nothing is stored twice.

    Attributes are those of `Clips`.
    """

    def __init__(self, clips: Clips, views: Sequence[View]) -> None:
        self._clips, count = clips, len(views)
        self.path, self.settings, self.versions, self.digest = (
            clips.path,
            clips.settings,
            clips.versions,
            clips.digest,
        )
        self.shape, self.dtype, self.ragged, self.packed = (
            clips.shape,
            clips.dtype,
            clips.ragged,
            clips.packed,
        )
        self.ids = tuple(clip + view.suffix for clip in clips.ids for view in views)
        self.failed = {clip + view.suffix: why for clip, why in clips.failed.items() for view in views}
        self.lengths = np.repeat(clips.lengths, count)
        self._backward = np.tile([view.step < 0 for view in views], len(clips.ids))
        self._row = {clip: row for row, clip in enumerate(self.ids)}
        self._count = count

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, ids: Sequence[str]) -> np.ndarray:
        """Positions of clips in `ids`, `(B,)`; an unknown clip raises."""
        missing = [clip for clip in ids if clip not in self._row]
        if missing:
            raise KeyError(f"No clip {missing[0]!r} among the {len(self.ids)} views of {self.path}.")
        return np.asarray([self._row[clip] for clip in ids], dtype=np.int64)

    def read(self, ids: Sequence[str], frames: int | None = None) -> np.ndarray:
        """The clips `(B, T, ...)`; one read backward starts at what would be its last frame."""
        rows = self.rows(ids)
        array = self._clips.read([self._clips.ids[row // self._count] for row in rows], frames)  # (B, T, ...)
        steps = np.arange(array.shape[1])
        last = np.minimum(self.lengths[rows], len(steps))[:, None] - 1
        backward = self._backward[rows][:, None] & (steps <= last)  # padding stays at the end
        order = np.where(backward, last - steps, steps)  # (B, T)
        return array[np.arange(len(rows))[:, None], order]

    def mask(self, ids: Sequence[str], frames: int) -> np.ndarray:
        """True where `read(ids, frames)` holds a frame and not padding, `(B, T)`."""
        return np.arange(frames) < self.lengths[self.rows(ids)][:, None]
