"""Whether a submission says what its runs say: recomputed from predictions, and a sample run again."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from vidattn.bench.config.cell import Run
from vidattn.bench.config.schema import Params
from vidattn.bench.deploy import submission
from vidattn.bench.deploy.submission import Design
from vidattn.bench.plan.cell_kinds import fused_from
from vidattn.bench.plan.run_plan import resolve
from vidattn.bench.regression import stale_records
from vidattn.bench.results.files import record, whole
from vidattn.bench.results.reader import Results
from vidattn.bench.runner import execute, records
from vidattn.bench.system import digests
from vidattn.bench.system.environment import device, versions

TESTED = ("clip", "group", "label")  # columns of predictions that are the same for all models of a fold


def faults(design: Design, params: Params) -> list[str]:
    """What is wrong with the files of a submission, a line each; nothing is run."""
    folder = submission.PLACE / design.name
    told = [*_sources(design, params, folder), *_files(design, params, folder)]
    if not told:
        told = list(_contents(design, params, folder))
    written = (folder / submission.PAGE).read_text(encoding="utf-8")
    if not told and written != submission.page(design, params, folder):
        told = [f"{folder / submission.PAGE} is not what the records say"]
    return told


def _sources(design: Design, params: Params, folder: Path) -> Iterator[str]:
    """The attention's file and arguments are those of this project."""
    source = design.source(params)
    if (folder / submission.SOURCE).read_bytes() != source.read_bytes():
        yield f"{folder / submission.SOURCE} is not {source}: submit the file that made the runs"
    stated = record(folder / submission.FACTS, (), f"Make it again: vidattn submission {design.name}")
    if submission.facts(design, params) != stated:
        yield f"{folder / submission.FACTS} is not what params.yaml says of {design.name}"


def _files(design: Design, params: Params, folder: Path) -> Iterator[str]:
    """Every run that is asked for is there, and no other."""
    planned = {f"{run.cell.id}/{run.fold}-{run.seed}" for run in design.runs(params)}
    for kind in submission.KINDS:
        for name in sorted(planned ^ _names(folder / kind)):
            why = "is missing" if name in planned else "is of no run that is asked for"
            yield f"{folder / kind / name} {why}"


def _contents(design: Design, params: Params, folder: Path) -> Iterator[str]:
    """Records follow from their predictions, from the code and settings at hand, and from the same clips."""
    runs = design.runs(params)
    results = Results(folder, list(dict.fromkeys(run.cell.id for run in runs)))
    for run in runs:
        if not any((r["fold"], r["seed"]) == (run.fold, run.seed) for r in results.records[run.cell.id]):
            yield f"{folder / 'records'}: {run.id} says another thing than its predictions"
    for name, why in stale_records.find(results, params).items():
        yield f"{name} is {why}"
    yield from _other_tests(results, runs, params)


def _names(folder: Path) -> set[str]:
    """`<cell>/<fold>-<seed>` of every file of a kind."""
    return {f"{path.parent.name}/{path.stem}" for path in whole(folder, "*/*")}


def _other_tests(results: Results, runs: list[Run], params: Params) -> Iterator[str]:
    """Runs tested on other clips than the first of their fold; of a random split, each seed draws its own."""
    first: dict[tuple, list] = {}
    for run in runs:
        columns = results.tested(run.cell.id).get((run.fold, run.seed))
        if columns is None:
            continue
        tested = [columns[name].tolist() for name in TESTED]
        random = params.protocols[run.cell.protocol].split == "random"
        fold = (run.cell.dataset, run.cell.protocol, run.fold, run.seed if random else None)
        if first.setdefault(fold, tested) != tested:
            yield f"{run.id} was tested on other clips than the others of fold {run.fold}"


def sample(design: Design, params: Params, count: int) -> list[Run]:
    """So many runs with the attention, drawn by the content of the submission: nobody chooses them."""
    runs = [run for run in design.runs(params) if run.cell.attention == design.name]
    chosen = [run for run in runs if not fused_from(run.cell, params)]  # the others follow from these
    content = digests.file_digest(submission.PLACE / design.name / submission.PAGE)
    return sorted(chosen, key=lambda run: digests.digest([content, run.id]))[:count]


def rerun(run: Run, design: Design, params: Params, tell: Callable[[str], None]) -> str | None:
    """Make a run again from nothing and compare its predictions; what is wrong, or None.

    On the device and with the versions of the record they are the same to the last bit. Elsewhere rounding
    differs, and with it some predictions: the share of them is told, and is no fault.
    """
    folder = submission.PLACE / design.name
    path = folder / "predictions" / run.cell.id / f"{run.fold}-{run.seed}.csv"
    (recorded,) = [
        r
        for r in Results(folder, [run.cell.id]).records[run.cell.id]
        if (r["fold"], r["seed"]) == (run.fold, run.seed)
    ]
    with tempfile.TemporaryDirectory() as place:
        made = execute.again(resolve(run, params), Path(place) / "made", tell)
        records.write(run, made, root=Path(place))
        again = (Path(place) / path.relative_to(folder)).read_text(encoding="utf-8").splitlines()
    before = path.read_text(encoding="utf-8").splitlines()
    if (recorded["device"], recorded["versions"]) == (device(), versions()):
        return None if again == before else f"{run.id} was run again here, with other predictions than {path}"
    classes = [[line.split(",")[3] for line in lines[1:]] for lines in (before, again)]
    same = sum(a == b for a, b in zip(*classes))
    tell(f"{run.id}: another device or version; {same} of {len(before) - 1} predictions are the same")
    return None
