"""A submitted attention: its file, the records of a suite with and without it, and a page that says so."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidattn.bench.analysis import numbers_in_words
from vidattn.bench.config import plugin_files
from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.config.errors import ParamsError, unknown
from vidattn.bench.config.schema import Params
from vidattn.bench.plan.run_plan import resolve
from vidattn.bench.plan.suites import cells
from vidattn.bench.report import terminal
from vidattn.bench.results import files
from vidattn.bench.results.reader import Results
from vidattn.bench.runner import fill, records, store
from vidattn.bench.system import digests
from vidattn.data.files import atomic

PLACE = Path("submissions")
FACTS, SOURCE, PAGE = "submission.json", "attention.py", "README.md"
KINDS = ("records", "predictions")  # of results that a submission holds; timings are of no concern to it
SEEDS = 3


@dataclass(frozen=True)
class Design:
    """What is run for a submission.

    Attributes:
        name: The attention, a name of params.yaml.
        suite: Whose cells without attention it takes, each once as it is and once with the attention.
        seeds: Runs of each fold.
    """

    name: str
    suite: str
    seeds: int = SEEDS

    def pairs(self, params: Params) -> list[tuple[Cell, Cell]]:
        """Each cell with the attention, and its control."""
        if self.name not in params.attention or self.name == "none":
            raise unknown("attention", self.name, [n for n in params.attention if n != "none"], "submission")
        if self.suite not in params.suites:
            raise unknown("suite", self.suite, params.suites, "submission")
        plain = [runs[0].cell for runs in cells(params, self.suite).values()]
        plain = [cell for cell in plain if cell.attention == "none"]
        if not plain:
            raise ParamsError(f"Suite '{self.suite}' has no cell without attention to submit one in.")
        return [(cell.with_(attention=self.name), cell) for cell in plain]

    def runs(self, params: Params) -> list[Run]:
        """Every run of it: all folds that the suite names, and `seeds` of each."""
        planned = cells(params, self.suite)
        folds = {name: dict.fromkeys(run.fold for run in runs) for name, runs in planned.items()}
        return [
            Run(cell, fold, seed)
            for pair in self.pairs(params)
            for cell in pair
            for fold in folds[pair[1].id]
            for seed in range(self.seeds)
        ]

    def source(self, params: Params) -> Path:
        """The file of the attention."""
        return plugin_files.plugin("attention", self.name, params).path


def write(design: Design, params: Params, jobs: int, tell: Callable[[str], None]) -> Path:
    """Make what is missing, then write the folder of a submission; an older one of the name is replaced.

    Args:
        design: What is run.
        params: The settings.
        jobs: Processes that train side by side.
        tell: Told what happens.

    Raises:
        ParamsError: There is no such attention, or data is missing; nothing was written.
    """
    plans = [resolve(run, params) for run in design.runs(params)]
    fill.fill(plans, jobs, tell)
    folder = PLACE / design.name
    PLACE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=PLACE, prefix=".") as part:  # whole, or not there
        made = Path(part) / design.name
        for plan in plans:
            place = store.finished(plan)
            if place is None:
                raise FileNotFoundError(f"{plan.id} left the store meanwhile. Give the same command again.")
            records.write(plan.run, place, root=made)
        shutil.rmtree(made / "timings")
        atomic.write(made / SOURCE, design.source(params).read_bytes())
        atomic.write(made / PAGE, page(design, params, made))
        digests.write_json(made / FACTS, facts(design, params))
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)
    return folder


def facts(design: Design, params: Params) -> dict[str, Any]:
    """What stands in submission.json: all that another machine needs to make the same runs."""
    plugin = plugin_files.plugin("attention", design.name, params)
    return {
        "name": design.name,
        "suite": design.suite,
        "seeds": design.seeds,
        "plugin": plugin.file,
        "arguments": plugin.arguments,
    }


def read(name: str) -> Design:
    """The design of a submission that was written."""
    path = PLACE / name / FACTS
    if not path.is_file():
        raise FileNotFoundError(f"There is no {path}. Make it: vidattn submission {name}")
    told = files.record(path, ("name", "suite", "seeds"), f"Make it again: vidattn submission {name}")
    return Design(told["name"], told["suite"], told["seeds"])


def page(design: Design, params: Params, folder: Path) -> str:
    """The README of a submission: each model with the attention beside its control, with the difference."""
    pairs = [(cell.id, control.id) for cell, control in design.pairs(params)]
    results = Results(folder, list(dict.fromkeys(name for pair in pairs for name in pair)))
    seeds = numbers_in_words.extent([design.seeds], "seed")
    parts = [f"# {design.name}", f"Cells of the suite `{design.suite}`, {seeds} a fold."]
    for cell, control in pairs:
        parts += [f"## {cell}", terminal.compared(results, cell, control)]
    parts.append(f"Made by `vidattn submission {design.name}`; check it with `--verify`.")
    return "\n\n".join(part.strip() for part in parts) + "\n"
