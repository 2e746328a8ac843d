"""Corrections of code that no number can depend on: they leave keys of runs, maps and studies as they are.

A key holds the digest of every file that all runs share, so that an edit of one makes every run again,
which is days of training; so it is with scores of maps. A line that raised an error for whatever reached it
has made no number; putting it right can change none. Nor can one that is reached only by a plug-in whose own
file, also part of the key, changes with it, or one that only says what the key is made of; nor one that gives
what was given before wherever such numbers ask for it. Such a correction stands here, its text before and
after. A file counts as what it was only if, with the text of before put back, it is that file byte for byte:
an edit beside the correction counts as any other.
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
        edits: Texts that were corrected, each with what stands in its place.
        why: Why no number can have depended on it.
    """

    file: str
    before: str
    edits: tuple[tuple[str, str], ...]
    why: str


CORRECTIONS = (
    Correction(
        file="models/graph/encoder.py",
        before="234621a5fbc18301e9dc61c7e0e2ec75197179a5b338edf42e31c772e21047d2",
        edits=(
            (
                "        return np.asarray((self._entrance() or keras.ops.identity)(resized))\n",
                "        entrance = self._entrance()\n"
                "        return np.asarray(entrance(resized) if entrance else resized)\n",
            ),
        ),
        why="keras.ops.identity makes an identity matrix: training on folded weights ended in an error here",
    ),
    Correction(
        file="models/graph/flops.py",
        before="b4815d8856bea136c496cc9e6e71efbb93bd0627bd740b86961fe89542eded80",
        edits=(
            ('one where it ends in a swish."""\n', 'two where it ends in a swish."""\n'),
            ("keras.activations.silu: 1}\n", "keras.activations.silu: 2}\n"),
        ),
        why="only EfficientNetB0 has a swish: its own file changed with this one, its runs are made again",
    ),
    Correction(
        file="bench/explain/mosaics.py",
        before="161c7d6ebef139a56ba7aa3a632c18d5199d3504eb56aed436bbf4249031be61",
        edits=(
            (
                '"backbone_params": own})\n',
                '"backbone_params": own, "freeze": "none"})  # it gets the weights of the run\n',
            ),
        ),
        why="a frozen network was built without weights, which ended in an error here",
    ),
    Correction(
        file="bench/explain/score_cells.py",
        before="15d26e44ddff99ea3c12f8456610eb96006c2fb3fb48fe1dd6c79a8783c1ab94",
        edits=(
            (
                "import digests as files\n",
                "import corrections\nfrom vidattn.bench.system import digests as files\n",
            ),
            ("for name in names])\n", "for name in names], corrections.file_digest)\n"),
        ),
        why="it says what code the scores are of, with these corrections, and computes none",
    ),
    Correction(
        file="bench/analysis/untrained.py",
        before="ed424b606c0c6dc6a2ef39239cfb507b6efd5f24e4addb7559b2282a817e013e",
        edits=(
            ("import ast\nfrom functools import cache\n", "from functools import cache\n"),
            (
                "    if trained(architecture):\n"
                "        return False\n"
                '    path = plugin_files.folder("architecture") / f"{architecture}.py"\n'
                '    nodes = ast.parse(path.read_text(encoding="utf-8")).body\n'
                "    return any(isinstance(node, ast.Assign) and "
                'getattr(node.targets[0], "id", "") == "fit" for node in nodes)\n',
                "    return not trained(architecture) and "
                'plugin_files.defines("architecture", architecture, "fit")\n',
            ),
        ),
        why="studies ask it whether an architecture is trained alone, and that is as it was",
    ),
    Correction(
        file="bench/analysis/run_variance.py",
        before="deb0b374320ad7228ba2a655a278d192dd9846100033b105abc5f9a67d2d29ad",
        edits=(
            (
                "        results.cache[key] = (runs, fold_term(peers, runs), len(peers))\n",
                "        results.cache[key] = (runs, fold_term(peers, runs), sum(map(len, _alike(peers))))\n",
            ),
            (
                "    Of the largest set of cells that were tested on the same clips in two folds or more. "
                "One cell alone keeps\n"
                "    what it shares with others: that test sides differ is then in the estimate too.\n"
                '    """\n'
                "    several = [peer for peer in peers if len(peer.folds) > 1]\n"
                "    if not several:\n"
                "        return None\n"
                "    tests = [peer.tests for peer in several]\n"
                "    alike = [peer for peer in several if peer.tests == max(tests, key=tests.count)]\n",
                "    Of every set of cells tested on the same clips in two folds or more, pooled. Without a "
                "set\n    of two, one cell alone keeps what it shares with others: that test sides differ is "
                "then in\n"
                "    the estimate too.\n"
                '    """\n'
                "    terms = [_fold_term(alike, runs) for alike in _alike(peers)]\n"
                "    if not terms:\n"
                "        return None\n"
                "    whole = terms[0] if len(terms) == 1 else pool(terms)\n"
                "    return Term(max(whole.size, 0.0), whole.estimate, whole.freedom)\n"
                "\n"
                "\n"
                "def _alike(peers: list[Arm]) -> list[list[Arm]]:\n"
                '    """The sets of cells tested on the same clips in several folds; of one cell if need '
                'be."""\n'
                "    sets: dict[int, list[Arm]] = {}\n"
                "    for peer in peers:\n"
                "        if len(peer.folds) > 1:\n"
                "            sets.setdefault(peer.tests, []).append(peer)\n"
                "    return [alike for alike in sets.values() if len(alike) > 1] or list(sets.values())\n"
                "\n"
                "\n"
                "def _fold_term(alike: list[Arm], runs: list[Term]) -> Term:\n"
                '    """The same of one set; perhaps negative, by chance."""\n',
            ),
            (
                "    return Term(max(spread - explained - inside, 0.0), spread, freedom)\n",
                "    return Term(spread - explained - inside, spread, freedom)\n",
            ),
        ),
        why="scores of maps ask it of one model at a time, where the largest set is the only one; what asks "
        "it of several is made again",
    ),
)


def file_digest(path: Path) -> str:
    """SHA-256 of a source file; of one that was corrected, that of the file before."""
    found = next((item for item in CORRECTIONS if ROOT / item.file == path), None)
    if found:
        before = path.read_text(encoding="utf-8")
        for was, now in found.edits:
            before = before.replace(now, was, 1)
        if hashlib.sha256(before.encode()).hexdigest() == found.before:
            return found.before
    return digests.file_digest(path)
