"""What a command's arguments name: settings, a suite, runs and results."""

import os
import sys
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace

from vidattn.bench.config import load as params_module
from vidattn.bench.config.cell import RESULTS, Cell, Run
from vidattn.bench.config.schema import Params
from vidattn.bench.plan.suites import cells, reported


def settings(arguments: Namespace) -> Params:
    """The settings, of --suite or of the active suite; within a stage of DVC, cells.json follows."""
    suite = getattr(arguments, "suite", None)
    params = params_module.load(**({"suite": suite} if suite else {}))
    if os.environ.get("DVC_STAGE"):  # set by DVC, whose stages are made from cells.json
        from vidattn.bench.plan import dvc_cells  # here, since it brings pandas

        dvc_cells.follow(params)
    return params


def suite_with(arguments: Namespace, wanted: Callable[[Cell], bool]) -> Params:
    """The settings; without --suite, of the first suite with a wanted cell, if the active one has none."""
    params = settings(arguments)
    for suite in [params.suite] if arguments.suite else [params.suite, *params.suites]:
        if any(wanted(runs[0].cell) for runs in cells(params, suite).values()):
            if suite != params.suite:
                none = f"the active suite '{params.suite}' has none of it"
                tell(f"Using the settings of suite '{suite}' ({none}).")
            return replace(params, suite=suite)
    return params


def tell(line: str) -> None:
    """A line to stderr."""
    print(line, file=sys.stderr)


def planned_runs(arguments: Namespace, advice: str) -> tuple[Params, list[Run]]:
    """The settings, and the runs of the named cell: all that its suite asks for, or the one of --fold."""
    if arguments.seed is not None and arguments.fold is None:
        raise params_module.ParamsError("--seed goes with --fold, e.g. --fold 1 --seed 2.")
    cell = Cell.parse(arguments.cell, settings(arguments))
    params = suite_with(arguments, lambda other: other == cell)
    if arguments.fold is not None:
        return params, [Run(cell, arguments.fold, arguments.seed or 0)]
    if cell.id not in cells(params):
        where = f"not in suite '{params.suite}'" if arguments.suite else "in no suite"
        raise params_module.ParamsError(
            f"Cell '{cell.id}' is {where} of params.yaml, so its folds are not known. {advice}"
        )
    return params, cells(params)[cell.id]


def results_with(params: Params, *named: str):
    """The results of these cells, of their controls, and of what the tables show."""
    from vidattn.bench.analysis import controls
    from vidattn.bench.config import plugin_files
    from vidattn.bench.results.reader import Results

    plugins = plugin_files.every(params)
    others = [controls.control(cell, plugins) for cell in named]
    shown = dict.fromkeys([*named, *filter(None, others), *reported(params)])
    return Results(RESULTS, list(shown), plugins=plugins)
