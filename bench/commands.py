"""What each command does. Every function takes the parsed arguments and returns the exit status."""

import sys
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from vidattn.bench import files
from vidattn.bench import params as params_module
from vidattn.bench.cell import RESULTS, Cell, Run, cells, homes, reported, runs
from vidattn.bench.params import Params
from vidattn.data import atomic


def _params(arguments: Namespace) -> Params:
    suite = getattr(arguments, "suite", None)
    return params_module.load(**({"suite": suite} if suite else {}))


def _suite_with(arguments: Namespace, wanted: Callable[[Cell], bool]) -> Params:
    """The settings; without --suite, of the first suite with a wanted cell, if the active one has none."""
    params = _params(arguments)
    for suite in [params.suite] if arguments.suite else [params.suite, *params.suites]:
        if any(wanted(runs[0].cell) for runs in cells(params, suite).values()):
            if suite != params.suite:
                none = f"the active suite '{params.suite}' has none of it"
                _tell(f"Using the settings of suite '{suite}' ({none}).")
            return replace(params, suite=suite)
    return params


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


def data(arguments: Namespace) -> int:
    """Fetch, import, index, decode, or show what is there."""
    from vidattn.bench import stages

    dataset = (arguments.name or "").partition("/")[0]
    return stages.data(arguments, _suite_with(arguments, lambda cell: cell.dataset == dataset), _tell)


def run(arguments: Namespace) -> int:
    """Train, score and record one cell."""
    from vidattn.bench import executor

    params, planned = _planned(arguments, "Name one: --fold 1.")
    for item in planned:
        place = executor.execute(item, params, lambda line, name=item.id: _tell(f"{name}: {line}"))
        found = executor.publish(item, params, place)
        print(f"{item.id}: top-1 {found['metrics']['top1']:.3f} of {found['n']} clips")
    return 0


def _planned(arguments: Namespace, advice: str) -> tuple[Params, list[Run]]:
    """The settings, and the runs of the named cell: all that its suite asks for, or the one of --fold."""
    if arguments.seed is not None and arguments.fold is None:
        raise params_module.ParamsError("--seed goes with --fold, e.g. --fold 1 --seed 2.")
    cell = Cell.parse(arguments.cell, _params(arguments))
    params = _suite_with(arguments, lambda other: other == cell)
    if arguments.fold is not None:
        return params, [Run(cell, arguments.fold, arguments.seed or 0)]
    if cell.id not in cells(params):
        where = f"not in suite '{params.suite}'" if arguments.suite else "in no suite"
        raise params_module.ParamsError(
            f"Cell '{cell.id}' is {where} of params.yaml, so its folds are not known. {advice}"
        )
    return params, cells(params)[cell.id]


def grid(arguments: Namespace) -> int:
    """List cells, write cells.yaml, or run what is missing."""
    from vidattn.bench import executor
    from vidattn.bench import grid as grid_module

    params = _params(arguments)
    if arguments.select:
        grid_module.select(Path("params.yaml"), arguments.select)
        params = params_module.load()
        print(f"{grid_module.PATH}: {len(cells(params))} cells of suite '{params.suite}'")
    if arguments.jobs:
        executor.fill(runs(params), params, arguments.jobs, _tell)
    if not arguments.select and not arguments.jobs:
        print("\n".join(f"{name}  ({len(items)} runs)" for name, items in cells(params).items()))
    return 0


def complexity(arguments: Namespace) -> int:
    """Parameters and FLOPs of the models in params.yaml."""
    from vidattn.bench import counts

    counts.write_all(_params(arguments), Path(arguments.out), _tell)
    return 0


def saturation(arguments: Namespace) -> int:
    """Follow the gates of the LSTM head through the first updates."""
    from vidattn.bench import saturation as saturation_module

    saturation_module.write(_params(arguments), RESULTS / "saturation", _tell)
    return 0


def models(arguments: Namespace) -> int:
    """List the models, or describe one."""
    from vidattn.bench import catalogue

    print(catalogue.describe(arguments.id, _params(arguments), RESULTS / "complexity"))
    return 0


def _results(params: Params):
    from vidattn.bench.results import Results

    return Results(RESULTS, reported(params))


def _suite_results(params: Params):
    from vidattn.bench.results import Results

    return Results(RESULTS, list(cells(params)))


def explain(arguments: Namespace) -> int:
    """Draw what a finished run looked at, or score the maps of a cell or suite against the truth."""
    if arguments.scores:
        return _score(arguments)
    if not arguments.cell:
        raise params_module.ParamsError("vidattn explain needs a cell, or --scores for those of the suite.")
    from vidattn.bench import explain as explain_module

    params, planned = _planned(arguments, "Name one: --fold 1.")
    drawn = explain_module.draw(planned[0], params, arguments.clip or arguments.count)
    atomic.write(Path(arguments.out), drawn)
    print(arguments.out)
    return 0


def _score(arguments: Namespace) -> int:
    """Scores of the named cell or of every cell of the suite; one fold alone would replace those of all."""
    if arguments.fold is not None or arguments.seed is not None:
        raise params_module.ParamsError("--scores is over all folds and seeds: leave out --fold and --seed.")
    from vidattn.bench import explain_scores

    if arguments.cell:
        params, planned = _planned(arguments, "Scores are over all folds: add the cell to a suite.")
        return explain_scores.score_all([planned], params, _tell)
    params = _params(arguments)
    return explain_scores.score_all(list(cells(params).values()), params, _tell)


def tables(arguments: Namespace) -> int:
    """Make the suite's tables from the records."""
    from vidattn.bench import tables as tables_module

    params = _params(arguments)
    if arguments.show:
        print(tables_module.overview(_suite_results(params)))
        return 0
    for path in tables_module.write(params.tables, _results(params), RESULTS / "tables", params.compare):
        print(path)
    for cell, found in tables_module.metrics(_suite_results(params)).items():
        files.write_json(RESULTS / "metrics" / f"{cell}.json", found)
    return 0


def report(arguments: Namespace) -> int:
    """Make figures and the HTML report from the records."""
    from vidattn.bench import report as report_module

    params = _params(arguments)
    options = {**params.compare, "tables": params.tables}
    options["suites"] = {suite: list(cells(params, suite)) for suite in params.suites}
    print(report_module.write(_results(params), RESULTS / "tables", RESULTS / "report.html", options))
    return 0


def check(arguments: Namespace) -> int:
    """Compare records with the reference: 0 no regression, 1 regression, 2 no usable input."""
    from vidattn.bench import check as check_module
    from vidattn.bench import stale as stale_module

    params = _params(arguments)
    results = _suite_results(params)
    stale = partial(stale_module.find, params=params)
    if arguments.accept is not None:
        print(check_module.accept(results, arguments.accept, stale=stale(results)))
        return 0
    known = {cell for suite in params.suites for cell in cells(params, suite)}
    return check_module.check(results, known, as_json=arguments.json, stale=stale)


def bench(arguments: Namespace) -> int:
    """Measure speed, models on every backend, costs, rates, or how far the statistics can be trusted."""
    from vidattn.bench import measure

    getattr(measure, arguments.what)(arguments, _params(arguments), _tell)
    return 0


def mlflow(arguments: Namespace) -> int:
    """Log records to MLflow, sync what a dead server missed, or open the UI."""
    from vidattn.bench import tracking
    from vidattn.bench.tracking import pages

    params = _params(arguments)
    if arguments.action == "ui":
        return pages.ui()
    if arguments.action == "sync":
        outcome = tracking.sync(RESULTS)
    else:
        outcome = tracking.log_suites(RESULTS, homes(params), tables=RESULTS / "tables")
        seen = {"runs": sorted([*outcome.logged, *outcome.skipped]), "waiting": outcome.pending}
        files.write_json(Path(params.store) / "mlflow.json", seen)
    print(f"MLflow: {len(outcome.logged)} runs logged, {len(outcome.skipped)} already there.")
    if outcome.pending:
        waiting = f"{len(outcome.pending)} cells and tables wait for a server ({outcome.error})"
        _tell(f"{waiting}. Later: vidattn mlflow sync")
    return 0
