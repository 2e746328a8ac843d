"""Which code made a committed study: a digest in each row, and a mark where today's code is another.

What counts is the file that measures and what it imports, and so on, of this project; not what only splits
work, reads settings and files, or draws up tables.
"""

import ast
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from vidattn.bench.results import files
from vidattn.bench.system import corrections, digests

ROOT = Path(__file__).resolve().parents[2]
ENGINES = ("bench/runner/engines/*.py", "bench/runner/fill.py", "bench/runner/worker_pool.py")
STUDIES: dict[str, str | tuple[str, ...]] = {  # name of the csv -> the files that measure it
    "arrow": "bench/studies/arrow_codec.py",
    "backends": "bench/studies/backends.py",
    "benchmarks": "bench/studies/data_speed/*.py",
    "costs": "bench/cost/measure_models.py",
    "coverage": "bench/studies/interval_coverage.py",
    "engines": ("bench/studies/engine_overhead.py", *ENGINES),
    "gate": "bench/studies/gate_error_rates.py",
    "kills": ENGINES,
    "rates": "bench/studies/icip_training_rates.py",
    "schedule": "bench/studies/schedule.py",
}
EXPLAIN = (
    *(
        "baselines",
        "checks",
        "combined",
        "every_map",
        "faithfulness",
        "grad_cam",
        "guided",
        "map_scores",
        "mosaics",
    ),
    *("permuted_labels", "road", "rollout", "run_scores", "sanity", "score_cells", "two_streams"),
)
ANALYSIS = ("contrasts", "noise_model", "run_variance", "samples")
MAPS = (  # the files that score maps, as results/explain has their digest
    *(f"bench/explain/{name}.py" for name in EXPLAIN),
    *(f"bench/analysis/{name}.py" for name in ANALYSIS),
)
MEANS = (
    *("bench/config/", "bench/plan/", "bench/report/", "bench/results/", "bench/runner/", "bench/system/"),
    *("data/files/", "data/index/"),
)
COLUMN = "code"
STALE = "made by other code"


def stamped(frame: pd.DataFrame, study: str) -> pd.DataFrame:
    """The rows with the digest of the code that makes them; rows that have one keep it."""
    before = frame[COLUMN] if COLUMN in frame else pd.Series(None, frame.index, dtype=object)
    return frame.assign(**{COLUMN: before.where(before.notna(), digest(study))})


def read(
    root: Path, study: str, columns: Sequence[str], again: str, folder: str = "benchmarks", **options: Any
) -> pd.DataFrame:
    """The rows that a study wrote; where it was not measured none, with these columns.

    Args:
        root: Folder of the results.
        study: Name of the csv.
        columns: Names that it must have.
        again: What the user is to do if it is damaged, one sentence.
        folder: Where the csv lies below `root`.
        options: For `pandas.read_csv`.
    """
    path = Path(root) / folder / f"{study}.csv"
    if not path.is_file():
        return pd.DataFrame(columns=[*columns])
    return files.table(path, columns, again, **options)


def table(root: Path, study: str, columns: Sequence[str], again: str, **options: Any) -> pd.DataFrame:
    """As `read`, `marked`."""
    return marked(read(root, study, columns, again, **options), study)


def marked(frame: pd.DataFrame, study: str) -> pd.DataFrame:
    """The rows without the digest; a column `stale` says which of them other code made, if any are."""
    made = frame.get(COLUMN, pd.Series(None, frame.index, dtype=object))
    stale = made.astype(object) != digest(study)
    frame = frame.drop(columns=COLUMN, errors="ignore")
    return frame.assign(stale=stale.map({True: STALE, False: ""})) if stale.any() else frame


def maps_digest() -> str:
    """Sixteen hex digits that stand for the code that scores maps."""
    return digests.digest_files([ROOT / name for name in MAPS], corrections.file_digest)


def digest(study: str) -> str:
    """Sixteen hex digits that stand for the code of a study."""
    files = sorted(path.relative_to(ROOT).as_posix() for path in code(study))
    return digests.digest([(name, corrections.file_digest(ROOT / name)) for name in files])


def code(study: str) -> set[Path]:
    """The files that a study's numbers depend on."""
    patterns = STUDIES[study]
    each = [patterns] if isinstance(patterns, str) else patterns
    todo, reached = {path for pattern in each for path in ROOT.glob(pattern)}, set()
    while todo:
        reached |= todo
        todo = {file for path in todo for file in _imported(path)} - reached
    return reached


@functools.cache
def _imported(path: Path) -> set[Path]:
    """The project's files that a file imports, at its top or inside a function, less `MEANS`."""
    found = set()
    for node in _statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vidattn."):
            folder = ROOT / Path(*node.module.split(".")[1:])
            found |= {folder.with_suffix(".py"), *(folder / f"{alias.name}.py" for alias in node.names)}
    return {
        file for file in found if file.is_file() and not file.relative_to(ROOT).as_posix().startswith(MEANS)
    }


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """The statements of a tree at every depth; no expression, of which there are many, can import."""
    for name in ("body", "orelse", "handlers", "finalbody", "cases"):
        for inner in getattr(node, name, ()):
            yield inner
            yield from _statements(inner)
