"""MLflow as a mirror of the results: experiment = suite, parent run = cell, child run = fold and seed.

A cell that several suites share goes into the first of them, whatever suite is active.

The results folder is the truth: logging twice changes nothing, a changed record replaces its run, and what a
server missed is noted in a journal, from which `sync` sends it. No server makes this raise.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tqdm import tqdm

from vidattn.bench.results.reader import Results
from vidattn.bench.tracking import contents, entries, journal, leaderboard
from vidattn.bench.tracking.mirror import Mirror
from vidattn.data.files import atomic

_LOG = logging.getLogger(__name__)


@dataclass
class Outcome:
    """Runs logged anew, runs skipped, what is still pending, and the error that stopped a call of `log`."""

    logged: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    error: str = ""


def log(
    results: Results,
    uri: str | None = None,
    suite: str = "demo",
    tables: Path | None = None,
    cells: Sequence[str] | None = None,
) -> Outcome:
    """Mirror the results into MLflow.

    Args:
        results: What was measured; intervals are those of the tables where it has all cells that these have.
        uri: Tracking URI; default MLFLOW_TRACKING_URI, then `sqlite:///mlflow.db`.
        suite: Name of the experiment.
        tables: Folder with tables to attach to the run called `tables`.
        cells: Those of `results` to mirror; default all. Missing cells are left out.

    Returns:
        The outcome. Where the server failed, `pending` names what stays in the journal: cells, and `tables`.
    """
    run = [cell for cell in (results.ids if cells is None else cells) if results.records[cell]]
    with atomic.alone(results.root / "records"):  # two at once would each create what the other does
        return _log(results, uri, suite, tables, run)


def _log(results: Results, uri: str | None, suite: str, tables: Path | None, cells: list[str]) -> Outcome:
    outcome, done = Outcome(), set()
    if tables is not None and not Path(tables).is_dir():
        tables = None  # none were made yet: nothing waits for a server
    names = cells if tables is None else [*cells, journal.TABLES]
    journal.note(results.root, suite, names)
    try:
        mirror = Mirror(uri, suite)
        for cell in tqdm(cells, desc=f"MLflow, suite {suite}", unit="cell"):
            for name, new in contents.log_cell(mirror, results, cell):
                (outcome.logged if new else outcome.skipped).append(name)
            done.add(cell)
        mirror.show(entries.view(mirror.cells()))
        if tables is not None:
            mirror.attach(journal.TABLES, Path(tables))
            done.add(journal.TABLES)
    except Exception as error:  # whatever a server or its client throws, a result must not be lost over it
        outcome.error = f"{type(error).__name__}: {error}"
        outcome.pending = [name for name in names if name not in done]
        _LOG.warning("MLflow failed (%s); kept for `vidattn mlflow sync`.", outcome.error)
    journal.strike(results.root, suite, done)
    return outcome


def log_suites(
    results: Results, suites: dict[str, list[str]], uri: str | None = None, tables: Path | None = None
) -> Outcome:
    """Mirror cells into the experiments of their suites; after an error the rest is noted, not tried.

    Args:
        results: What was measured, of these cells and of those that the tables have beside them.
        suites: Suite -> its cells; `tables` among them stands for the folder of that name in the results.
        uri: Tracking URI, as for `log`.
        tables: Folder with tables to attach to every experiment.
    """
    total, every = Outcome(), list(dict.fromkeys(name for names in suites.values() for name in names))
    known = {*results.ids, *(cell for cell in every if (Path(results.root) / "records" / cell).is_dir())}
    if len(known) > len(results.ids):  # kept in the journal, and planned no more
        results = replace(
            results, cells=list(dict.fromkeys([*results.ids, *filter(known.__contains__, every)]))
        )
    for suite, names in suites.items():
        again = Path(results.root) / journal.TABLES if journal.TABLES in names else None
        ran = [cell for cell in names if results.records.get(cell)]
        if total.error:
            waiting = [*ran, journal.TABLES] if again or (ran and tables) else ran
            journal.note(results.root, suite, waiting)
            total.pending += waiting
        elif ran or again:
            found = log(results, uri, suite, tables or again, ran)
            total.logged += found.logged
            total.skipped += found.skipped
            total.pending += found.pending
            total.error = found.error
    if total.logged and not total.error:
        _rank(results, every, uri)
    return total


def _rank(results: Results, cells: list[str], uri: str | None) -> None:
    """The experiment across suites; what a server misses of it, the next call makes up for."""
    try:
        leaderboard.log(results, cells, uri)
    except Exception as error:  # as in `log`
        _LOG.warning("MLflow failed (%s); the leaderboard is not up to date.", error)


def sync(results: Results, uri: str | None = None) -> Outcome:
    """Log what earlier calls could not; `results` as for `log_suites`."""
    return log_suites(results, journal.pending(results.root), uri)
