"""MLflow as a mirror of the results: experiment = suite, parent run = cell, child run = fold and seed.

A cell that several suites share goes into the first of them, whatever suite is active.

The results folder is the truth: logging twice changes nothing, a changed record replaces its run, and what a
server missed is noted in a journal, from which `sync` sends it. No server makes this raise.
"""

import logging
from dataclasses import dataclass, field
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


def log(results: Results, uri: str | None = None, suite: str = "demo", tables: Path | None = None) -> Outcome:
    """Mirror the results into MLflow.

    Args:
        results: What was measured; missing cells are left out.
        uri: Tracking URI; default MLFLOW_TRACKING_URI, then `sqlite:///mlflow.db`.
        suite: Name of the experiment.
        tables: Folder with tables to attach to the run called `tables`.

    Returns:
        The outcome. Where the server failed, `pending` names what stays in the journal: cells, and `tables`.
    """
    with atomic.alone(results.root / "records"):  # two at once would each create what the other does
        return _log(results, uri, suite, tables)


def _log(results: Results, uri: str | None, suite: str, tables: Path | None) -> Outcome:
    outcome, done = Outcome(), set()
    cells = [cell for cell in results.ids if results.records[cell]]
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
    root: Path, suites: dict[str, list[str]], uri: str | None = None, tables: Path | None = None
) -> Outcome:
    """Mirror cells into the experiments of their suites; after an error the rest is noted, not tried.

    Args:
        root: The results folder.
        suites: Suite -> its cells; `tables` among them stands for the folder of that name in `root`.
        uri: Tracking URI, as for `log`.
        tables: Folder with tables to attach to every experiment.
    """
    total = Outcome()
    for suite, names in suites.items():
        results = Results(root, [name for name in names if name != journal.TABLES])
        again = Path(root) / journal.TABLES if journal.TABLES in names else None
        ran = [cell for cell in results.ids if results.records[cell]]
        if total.error:
            waiting = [*ran, journal.TABLES] if again or (ran and tables) else ran
            journal.note(root, suite, waiting)
            total.pending += waiting
        elif ran or again:
            found = log(results, uri, suite, tables or again)
            total.logged += found.logged
            total.skipped += found.skipped
            total.pending += found.pending
            total.error = found.error
    if total.logged and not total.error:
        _rank(root, suites, uri)
    return total


def _rank(root: Path, suites: dict[str, list[str]], uri: str | None) -> None:
    """The experiment across suites; what a server misses of it, the next call makes up for."""
    cells = list(dict.fromkeys(name for names in suites.values() for name in names if name != journal.TABLES))
    try:
        leaderboard.log(Results(root, cells), uri)
    except Exception as error:  # as in `log`
        _LOG.warning("MLflow failed (%s); the leaderboard is not up to date.", error)


def sync(root: Path, uri: str | None = None) -> Outcome:
    """Log what earlier calls could not."""
    return log_suites(root, journal.pending(root), uri)
