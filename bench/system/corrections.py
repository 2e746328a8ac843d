"""Corrections of code that no finished run can have passed through: they leave the keys of runs as they are.

A key holds the digest of every file that all runs share, so that an edit of one makes every run again,
which is days of training. A line that raised an error for whatever reached it has made no number; putting
it right can change none. Nor can one that is reached only by a plug-in whose own file, also part of the
key, changes with it. Such a correction stands here, its text before and after. A file counts as what it was
only if, with the text of before put back, it is that file byte for byte: an edit beside the correction
counts as any other.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from vidattn.bench.system import digests

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Correction:
    """A correction of one file.

    Attributes:
        file: Its path in the project.
        before: SHA-256 of the file before.
        was, now: The text that was corrected, and what stands in its place.
        why: Why no finished run can have depended on it.
    """

    file: str
    before: str
    was: str
    now: str
    why: str


CORRECTIONS = (
    Correction(
        file="models/graph/encoder.py",
        before="234621a5fbc18301e9dc61c7e0e2ec75197179a5b338edf42e31c772e21047d2",
        was="        return np.asarray((self._entrance() or keras.ops.identity)(resized))\n",
        now="        entrance = self._entrance()\n"
        "        return np.asarray(entrance(resized) if entrance else resized)\n",
        why="keras.ops.identity makes an identity matrix: training on folded weights ended in an error here",
    ),
    Correction(
        file="models/graph/flops.py",
        before="b4815d8856bea136c496cc9e6e71efbb93bd0627bd740b86961fe89542eded80",
        was='one where it ends in a swish."""\n'
        "    each = {keras.activations.softmax: 5, keras.activations.silu: 1}\n",
        now='two where it ends in a swish."""\n'
        "    each = {keras.activations.softmax: 5, keras.activations.silu: 2}\n",
        why="only EfficientNetB0 has a swish: its own file changed with this one, its runs are made again",
    ),
)


def file_digest(path: Path) -> str:
    """SHA-256 of a source file; of one that was corrected, that of the file before."""
    found = next((item for item in CORRECTIONS if ROOT / item.file == path), None)
    if found:
        before = path.read_text(encoding="utf-8").replace(found.now, found.was, 1)
        if hashlib.sha256(before.encode()).hexdigest() == found.before:
            return found.before
    return digests.file_digest(path)
