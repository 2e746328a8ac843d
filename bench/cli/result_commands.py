"""What each command of records, tables, report and measurements does; see `commands`."""

import gc
import importlib.util
import os
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from vidattn.bench.cli.selection import planned_runs, settings, tell
from vidattn.bench.config import load as params_module
from vidattn.bench.config import plugin_files
from vidattn.bench.config.cell import RESULTS
from vidattn.bench.config.schema import Params
from vidattn.bench.plan.suites import cells, everywhere, homes, reported, runs
from vidattn.bench.system import digests


def records(arguments: Namespace) -> int:
    """Write the suite's records and predictions from the scores of its runs; a run without is left out.

    Records of runs that no suite plans any more go; those of other suites stay.
    """
    from vidattn.bench.runner import records as records_module
    from vidattn.bench.runner import store

    params, count = settings(arguments), 0
    of_any_suite = everywhere(params)
    for cell, planned in cells(params).items():
        places = {run: store.scores_folder(Path(params.store), run) for run in planned}
        scored = [run for run in planned if places[run].is_dir()]
        for run in scored:
            records_module.write(run, places[run])
        if scored:
            records_module.keep_only(of_any_suite[cell])
        count += len(scored)
    print(f"{count} records of suite '{params.suite}' in {RESULTS / 'records'}")
    return 0


def complexity(arguments: Namespace) -> int:
    """Parameters and FLOPs of the models in params.yaml."""
    from vidattn.bench.cost import count_models

    count_models.write_all(settings(arguments), Path(arguments.out), tell)
    return 0


def saturation(arguments: Namespace) -> int:
    """Follow the gates of the LSTM head through the first updates."""
    from vidattn.bench.studies import lstm_gate_saturation as saturation_module

    saturation_module.write(settings(arguments), RESULTS / "saturation", tell)
    return 0


def models(arguments: Namespace) -> int:
    """List the models, or describe one."""
    from vidattn.bench.cost import catalogue

    print(catalogue.describe(arguments.id, settings(arguments), RESULTS / "complexity"))
    return 0


def _results(params: Params):
    from vidattn.bench.results.reader import Results

    told = ("kind", "order", "encoder", "weights")
    protocols = {name: {key: getattr(one, key) for key in told} for name, one in params.protocols.items()}
    return Results(
        RESULTS,
        reported(params),
        planned=tuple(_planned_cells(params)),
        kept_in=Path(params.store) / "numbers.json",
        compare=params.compare,
        protocols=protocols,
        plugins=plugin_files.every(params),
    )


def _beside(params: Params):
    """The cells of the suite, and those that their run-to-run variance is pooled with."""
    from vidattn.bench.results.reader import Results, coordinates

    def place(cell: str) -> tuple[str, str]:
        where = coordinates(cell)
        return where["dataset"], where["protocol"]

    places = {place(cell) for cell in cells(params)}
    return Results(RESULTS, [cell for cell in reported(params) if place(cell) in places])


def _planned_cells(params: Params) -> list[str]:
    """The cells of every suite."""
    return list(dict.fromkeys(cell for suite in params.suites for cell in cells(params, suite)))


def _tell_left_out(results) -> None:
    from vidattn.bench.analysis import samples

    for line in samples.notes(results):
        tell(line)


@contextmanager
def _read_to_stay() -> Iterator[None]:
    """Without searches for garbage: what is read is kept to the end, and each goes through all of it."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def explain(arguments: Namespace) -> int:
    """Draw what a finished run looked at, or score the maps of a cell or suite against the truth."""
    if arguments.scores:
        return _score(arguments)
    from vidattn.bench.cli import explain_commands

    if arguments.gallery and arguments.cell:
        raise params_module.ParamsError("--gallery is of a whole suite: leave out the cell, or name --suite.")
    if arguments.gallery:
        params = settings(arguments)
        return explain_commands.galleries(list(cells(params).values()), params, tell)
    if not arguments.cell:
        raise params_module.ParamsError("vidattn explain needs a cell, or --scores for those of the suite.")
    params, planned = planned_runs(arguments, "Name one: --fold 1.")
    return explain_commands.draw(arguments, planned[0], params)


def _score(arguments: Namespace) -> int:
    """Scores of the named cell or of every cell of the suite; one fold alone would replace those of all."""
    if arguments.fold is not None or arguments.seed is not None:
        raise params_module.ParamsError("--scores is over all folds and seeds: leave out --fold and --seed.")
    from vidattn.bench.cli import truth_data
    from vidattn.data.files import pool

    if arguments.cell:
        params, planned = planned_runs(arguments, "Scores are over all folds: add the cell to a suite.")
        asked = [planned]
    else:
        params = settings(arguments)
        asked = list(cells(params).values())
    names = {runs[0].cell.dataset for runs in asked}
    truth_data.there(names, params)
    truth_data.check(names, params)
    from vidattn.bench.explain import score_suite  # imports Keras, which takes a while

    told: list[str] = []

    def hear(line: str) -> None:
        told.append(line)
        tell(line)

    score_suite.write(asked, params, hear, arguments.jobs or pool.cores())
    if os.environ.get("DVC_STAGE"):  # which is that of suites without truth, too
        return 0
    return 0 if any(line.endswith((".json", "scored already")) for line in told) else 1


def tables(arguments: Namespace) -> int:
    """Make the suite's tables from the records."""
    from vidattn.bench.regression import stale_records
    from vidattn.bench.report import tables as tables_module

    params = settings(arguments)
    if arguments.show:
        print(tables_module.overview(_beside(params), cells(params)))
        return 0
    with _read_to_stay():
        results = _results(params)
        _tell_left_out(results)
        options = {"stale": stale_records.find(results, params)}
        for path in tables_module.write(params.tables, results, RESULTS / "tables", options):
            print(path)
        for cell, numbers in tables_module.metrics(results, cells(params)).items():
            digests.write_json(RESULTS / "metrics" / f"{cell}.json", numbers)
        results.keep()
    return 0


def report(arguments: Namespace) -> int:
    """Make figures and the HTML report from the records."""
    from vidattn.bench.regression import stale_records
    from vidattn.bench.report import names
    from vidattn.bench.report import page as report_module

    params = settings(arguments)
    with _read_to_stay():
        results = _results(params)
        _tell_left_out(results)
        options: dict = {"stale": stale_records.find(results, params), "tables": params.tables}
    options["names"] = names.table(params, results.ids)
    options["suites"] = {suite: _planned_runs(params, suite) for suite in params.suites}
    print(report_module.write(results, RESULTS / "tables", RESULTS / "report.html", options))
    results.keep()
    return 0


def check(arguments: Namespace) -> int:
    """Compare records with the reference: 0 no regression, 1 regression, 2 no usable input."""
    import json

    from vidattn.bench.regression import gate as check_module
    from vidattn.bench.regression import stale_records as stale_module
    from vidattn.bench.results import accepted
    from vidattn.bench.results.reader import Results

    params = settings(arguments)
    results = Results(RESULTS, list(cells(params)))
    stale = partial(stale_module.find, params=params)
    try:
        accepted.require(RESULTS / "reference.csv")
    except ValueError as error:
        print(json.dumps({"ok": False, "code": 2, "error": str(error)}) if arguments.json else error)
        return 2
    if arguments.accept is not None:
        every = _planned_runs(params, *params.suites)
        made = results.recorded if results.recorded.ids else results
        print(check_module.accept(made, arguments.accept, stale=stale(made), planned=every))
        if results.missing:
            print(f"No record, so no row: {', '.join(results.missing)}.")
        return 0
    return check_module.check(
        results,
        _planned_cells(params),
        as_json=arguments.json,
        stale=stale,
        planned=_planned_runs(params, params.suite),
    )


def _planned_runs(params: Params, *suites: str) -> dict[str, set[tuple[int, int]]]:
    """Cell -> fold and seed of its runs in these suites."""
    planned: dict[str, set[tuple[int, int]]] = {}
    for run in (run for suite in suites for run in runs(params, suite)):
        planned.setdefault(run.cell.id, set()).add((run.fold, run.seed))
    return planned


def bench(arguments: Namespace) -> int:
    """Measure speed, models on every backend, costs, rates, or how far the statistics can be trusted."""
    from vidattn.bench.cli import bench_commands

    return getattr(bench_commands, arguments.what)(arguments, settings(arguments), tell) or 0


def mlflow(arguments: Namespace) -> int:
    """Log records to MLflow, sync what a dead server missed, or open the UI."""
    from vidattn.bench import tracking
    from vidattn.bench.tracking import pages

    if importlib.util.find_spec("mlflow") is None:  # or all would be kept for a server that never comes
        raise ModuleNotFoundError("MLflow is not installed", name="mlflow")
    params = settings(arguments)
    if arguments.action == "ui":
        return pages.ui(host=arguments.host, port=arguments.port)
    if arguments.action == "sync":
        outcome = tracking.sync(_results(params))
    else:
        mine, every = set(cells(params)), homes(params)
        suites = {suite: [c for c in names if arguments.all or c in mine] for suite, names in every.items()}
        outcome = tracking.log_suites(_results(params), suites, tables=RESULTS / "tables")
        seen = {"runs": sorted([*outcome.logged, *outcome.skipped]), "waiting": outcome.pending}
        digests.write_json(Path(params.store) / "mlflow.json", seen)
    print(f"MLflow: {len(outcome.logged)} runs logged, {len(outcome.skipped)} already there.")
    if outcome.pending:
        waiting = f"{len(outcome.pending)} cells and tables wait for a server ({outcome.error})"
        tell(f"{waiting}. Later: vidattn mlflow sync")
    return 0
