"""Two processes do the same, or what needs the same, at once; some of them tell MLflow."""

import contextlib
import sqlite3
import time

from faults import process, project
from faults.case import Case
from faults.judge import Verdict, ended

SHARE = 2
MLFLOW = ["mlflow", "log"]
PAIRS = {  # stage to start from -> what each does
    "the same steps": ("raw", project.STEPS[2:], project.STEPS[2:]),
    "the same runs": ("stored", project.RUNS, project.RUNS),
    "runs in another order": ("stored", project.RUNS, project.RUNS[::-1]),
    "data twice": ("raw", project.DATA[1:], project.DATA[1:]),
    "tables twice": ("finished", [["tables"]], [["tables"]]),
    "a run and its readers": ("half", project.RUNS, [*project.READERS, ["tables"]]),
    "MLflow twice": ("finished", [MLFLOW], [MLFLOW]),
    "MLflow beside runs": ("half", [*project.RUNS, MLFLOW], [MLFLOW]),
}


def inject(case: Case) -> Verdict:
    """Both end well, and what is there is as of one."""
    name = case.random.choice(list(PAIRS))
    stage, *works = PAIRS[name]
    case.start(stage)
    if "MLflow" in name:
        case.reference.mlflow(case.work)
    begun = []
    for work in works:
        begun.append(process.start(lambda work=work: project.run(work), case.work))
        time.sleep(case.random.uniform(0, 0.3))
    verdict = Verdict()
    verdict.notes.append(name)
    for number, one in enumerate(begun):  # readers may find what they read of not there yet
        ended(verdict, process.wait(one), must=not (number and "readers" in name))
    case.goes_on(verdict, stage, ("mlflow_pending",) if "beside" in name else ())
    if "MLflow" in name:
        ended(verdict, case.give([MLFLOW]), must=True)
        _once(verdict, case)
    return verdict


def _once(verdict: Verdict, case: Case) -> None:
    """Every run stands in the database once, and nothing waits."""
    if (case.work / "results/mlflow_pending.json").exists():
        verdict.add("lost", "MLflow was not told everything")
    query = """select experiment_id, value, count(*) from runs join tags on tags.run_uuid = runs.run_uuid
        where key = 'vidattn.run' and lifecycle_stage = 'active' group by 1, 2"""
    with contextlib.closing(sqlite3.connect(case.work / "mlflow.db")) as database:
        rows = database.execute(query).fetchall()
    twice = [name for _, name, count in rows if count > 1]
    names = {name for _, name, _ in rows}
    runs = {cell + run for cell in (*project.CELLS, *project.PROBES) for run in ("", "/1-0")}
    if twice:
        verdict.add("wrong", f"MLflow has {', '.join(twice)} twice")
    if not runs <= names:
        verdict.add("lost", f"MLflow lacks {', '.join(sorted(runs - names))}")
