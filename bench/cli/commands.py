"""What each command does. Every function takes the parsed arguments and returns the exit status.

Here are those of data, cells and stored runs; those of records and tables are `result_commands`.
"""

import os
from argparse import Namespace
from pathlib import Path

from vidattn.bench.cli.result_commands import (
    bench,
    check,
    complexity,
    explain,
    mlflow,
    models,
    records,
    report,
    saturation,
    tables,
)
from vidattn.bench.cli.selection import planned_runs, results_with, settings, suite_with, tell
from vidattn.bench.config import load as params_module
from vidattn.bench.config.cell import Cell
from vidattn.bench.plan import project_folder
from vidattn.bench.plan.suites import cells, runs

__all__ = [  # the names of the commands
    "bench",
    "check",
    "compare",
    "complexity",
    "data",
    "explain",
    "export",
    "grid",
    "init",
    "mlflow",
    "models",
    "predict",
    "records",
    "report",
    "run",
    "saturation",
    "show",
    "store",
    "submission",
    "tables",
]


def data(arguments: Namespace) -> int:
    """Fetch, import, index, decode, or show what is there."""
    from vidattn.bench.cli import data_commands

    if arguments.action == "add":  # of a data set that no suite has yet
        return data_commands.data(arguments, settings(arguments), tell)
    name = (arguments.name or "").partition("/")[0]
    names = (name, settings(arguments).datasets.get(name, {}).get("of"))
    return data_commands.data(arguments, suite_with(arguments, lambda cell: cell.dataset in names), tell)


def init(arguments: Namespace) -> int:
    """Lay a project into a folder."""
    folder = Path(arguments.folder)
    print("\n".join(map(str, project_folder.lay(folder))))
    print(f"Next: cd {folder}")
    print("      vidattn data prepare actors")
    print("      vidattn run actors-tiny-cbam-frame_average-clean")
    print("or all of the demo: dvc init --no-scm && dvc repro")
    return 0


def run(arguments: Namespace) -> int:
    """Train, score and record one cell."""
    from vidattn.bench.plan.run_plan import resolve
    from vidattn.bench.runner import cluster, execute, store, time_left

    params, planned = planned_runs(arguments, "Name one: --fold 1.")
    same = (arguments.device or cluster.read()[0].device) == "same"
    plans = [resolve(item, params) for item in planned]
    trained = [part for plan in plans for part in plan.parts or [plan]]
    missing = sum(not store.finished(plan, same) for plan in trained)
    left = time_left.TimeLeft(missing, len(plans[0].protocol.rates), tell)
    for plan in plans:
        place = execute.execute(plan, left.run(plan.id), same)
        record = store.publish(plan, place)
        print(f"{plan.id}: top-1 {record['metrics']['top1']:.3f} of {record['n']} clips")
    if os.environ.get("DVC_STAGE"):  # nobody reads what a stage says, and it reads every record
        return 0
    from vidattn.bench.report import terminal  # here, since it brings SciPy's statistics

    cell = planned[0].cell.id
    print(terminal.ended(results_with(params, cell), cell))
    if cell not in {each for suite in params.suites for each in cells(params, suite)}:
        tell(f"{cell} is in no suite of params.yaml: tables and report leave it out.")
    return 0


def compare(arguments: Namespace) -> int:
    """Compare two cells on the clips that both tested."""
    from vidattn.bench.report import terminal

    params = settings(arguments)
    pair = [Cell.parse(name, params).id for name in (arguments.cell, arguments.control)]
    print(terminal.compared(results_with(params, *pair), *pair))
    return 0


def show(arguments: Namespace) -> int:
    """Show a cell: its numbers, what it confuses, its curves, its records."""
    from vidattn.bench.report import terminal

    params = settings(arguments)
    cell = Cell.parse(arguments.cell, params).id
    print(terminal.shown(results_with(params, cell), cell))
    return 0


def predict(arguments: Namespace) -> int:
    """Tell the class of one's own videos with a trained model."""
    from vidattn.bench.deploy import videos

    paths = videos.files(Path(arguments.path))
    from vidattn.bench.cli import deploy_commands

    return deploy_commands.predict(arguments, paths, _finished(arguments), tell)


def export(arguments: Namespace) -> int:
    """Write a trained model, its preprocessing inside, into a folder."""
    from vidattn.bench.cli import deploy_commands

    cell = Cell.parse(arguments.cell, settings(arguments)).id
    return deploy_commands.export(arguments, _finished(arguments), results_with(settings(arguments), cell))


def submission(arguments: Namespace) -> int:
    """Write the submission of an attention, or check one."""
    from vidattn.bench.cli import deploy_commands

    return deploy_commands.submit(arguments, params_module.load(suite=arguments.suite or "ci"), tell)


def _finished(arguments: Namespace):
    """The trained model that is named: the cell's first run, or the one of --fold and --seed."""
    from vidattn.bench.deploy import trained

    hint = f"Name one: --fold 1. If it was never trained, first: vidattn run {arguments.cell} --fold 1"
    params, planned = planned_runs(arguments, hint)
    return trained.load(planned[0], params)


def grid(arguments: Namespace) -> int:
    """List cells, write cells.json, or run what is missing."""
    from vidattn.bench.plan import dvc_cells, relaid
    from vidattn.bench.plan.run_plan import resolve
    from vidattn.bench.runner import cluster, fill

    _refuse_unheeded(arguments)
    if arguments.select:
        params = params_module.load(suite=arguments.select)  # whatever suite the file names
    else:
        params = settings(arguments)
    if arguments.check and (arguments.select or arguments.set):
        raise params_module.ParamsError("--check changes nothing: leave out --select and --set.")
    if arguments.check:
        dvc_cells.check(params)
        if os.environ.get("DVC_STAGE"):  # of an experiment, whose settings DVC has written
            relaid.restore(Path("params.yaml"), tell)
        print(dvc_cells.write_code(params))
        if project_folder.installed():
            project_folder.write_installed(Path(params.store))
        return 0
    if arguments.status:
        from vidattn.bench.runner import progress

        print("\n".join(progress.told(Path(params.store))))
        return 0
    if arguments.select or arguments.set:
        dvc_cells.select(Path("params.yaml"), arguments.select, arguments.set)
        relaid.restore(Path("params.yaml"), tell)
        params = params_module.load()
        print(f"{dvc_cells.PATH}: {len(cells(params))} cells of suite '{params.suite}'")
    if arguments.jobs or arguments.on:
        said, engine = cluster.read(on=arguments.on)
        fill.fill(
            [resolve(run, params) for run in runs(params)],
            arguments.jobs,
            tell,
            retry=arguments.retry,
            fail_fast=arguments.fail_fast,
            same_device=(arguments.device or said.device) == "same",
            engine=engine,
        )
    if not (arguments.select or arguments.set or arguments.jobs or arguments.on):
        print("\n".join(f"{name}  ({len(items)} runs)" for name, items in cells(params).items()))
    return 0


def _refuse_unheeded(arguments: Namespace) -> None:
    """Refuses options of `grid` that would do nothing beside the others that are given."""
    if not (arguments.jobs or arguments.on):
        for name, value in (("retry", arguments.retry), ("device", arguments.device)):
            if value:
                raise params_module.ParamsError(
                    f"--{name} goes with --jobs or --on: nothing is run. "
                    f"E.g. vidattn grid --jobs 2 --{name} {value}."
                )
        if arguments.fail_fast:
            raise params_module.ParamsError("--fail-fast goes with --jobs or --on: nothing is run.")
    if arguments.select and arguments.suite:
        raise params_module.ParamsError("--select names the suite itself: leave out --suite.")
    if arguments.set and arguments.suite:
        raise params_module.ParamsError(
            "--set is of the active suite: leave out --suite, or --select it first."
        )


def store(arguments: Namespace) -> int:
    """Send what is stored to a store elsewhere, or fetch it."""
    from vidattn.bench.plan import own_dataset
    from vidattn.bench.runner import remote_store
    from vidattn.data import datasets

    params = settings(arguments)
    if arguments.action == "pull":
        count = remote_store.pull(Path(params.store), arguments.url, tell)
    else:
        others = [name for name in params.datasets if not own_dataset.is_own(name, params)]
        drawn = [name for name in others if datasets.load(name, params.datasets).generate]
        videos = [*params.datasets] if arguments.videos else drawn
        count = remote_store.push(Path(params.store), arguments.url, tell, videos)
    done = "sent" if arguments.action == "push" else "fetched"
    print(f"{count} parts of the store {done}, the others are there.")
    return 0
