"""The store of MLflow: one experiment and the runs in it. The only file that speaks to MLflow."""

import logging
import os
import time
from pathlib import Path
from typing import Any

import pandas as pd

from vidattn.bench.tracking import entries

DEFAULT_URI = "sqlite:///mlflow.db"
VIEW = "vidattn"
# Short, so that a dead server costs seconds; MLflow's own defaults wait for minutes.
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "15"}
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
}


def address(uri: str | None) -> str:
    """The store: as given, else that of MLFLOW_TRACKING_URI, else a file in this folder."""
    return uri or os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_URI


def connect(uri: str | None):
    """An MLflow client; mlflow is imported here, since it takes seconds."""
    for name, value in {**PATIENCE, **QUIET}.items():
        os.environ.setdefault(name, value)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=address(uri))


class Mirror:
    """One experiment and the runs it already holds, by our own run id."""

    def __init__(self, uri: str | None, suite: str) -> None:
        self.client, self.suite = connect(uri), suite
        client = self.client
        found = client.get_experiment_by_name(suite)
        self.experiment = (
            found.experiment_id if found else client.create_experiment(suite, _artifacts(address(uri)))
        )
        self.runs: dict[str, Any] = {}
        token = None
        while True:
            page = client.search_runs([self.experiment], max_results=500, page_token=token)
            self.runs |= {run.data.tags["vidattn.run"]: run for run in page if "vidattn.run" in run.data.tags}
            token = page.token
            if not token:
                return

    def show(self) -> None:
        """Let the runs page open with what tells the cells here apart."""
        cells = [name for name, run in self.runs.items() if run.data.tags.get("vidattn.kind") == "cell"]
        key = f"mlflow.sharedViewState.{VIEW}"
        self.client.set_experiment_tag(self.experiment, key, entries.view(cells))

    def has(self, name: str, digest: str) -> bool:
        """Whether a run was logged to its end from the same record."""
        return name in self.runs and self.runs[name].data.tags.get("vidattn.digest") == digest

    def replace(self, name: str, tags: dict[str, str]) -> str:
        """A fresh run in place of an older one: MLflow's parameters cannot be changed."""
        if name in self.runs:
            self.client.delete_run(self.runs.pop(name).info.run_id)
        return self.open(name, tags)

    def retain(self, cell: str, names: list[str]) -> None:
        """Delete the cell's runs but these: the records of the others are no more."""
        for name in [run for run in self.runs if run.startswith(f"{cell}/") and run not in names]:
            self.client.delete_run(self.runs.pop(name).info.run_id)

    def open(self, name: str, tags: dict[str, str]) -> str:
        """The run of this name, created where there is none; its id tag comes with its creation."""
        if name not in self.runs:
            tags = {**tags, "vidattn.run": name, "vidattn.suite": self.suite}
            self.runs[name] = self.client.create_run(self.experiment, tags=tags, run_name=name)
        return self.runs[name].info.run_id

    def close(self, run: str, digest: str) -> None:
        """Mark a run as complete; the digest is written last, so a cut run is done again."""
        self.client.set_terminated(run)
        self.client.set_tag(run, "vidattn.digest", digest)

    def numbers(self, run: str, metrics: dict[str, Any], params: dict[str, str]) -> None:
        """Log numbers, and curves by epoch, in batches of the size that a server takes."""
        from mlflow.entities import Metric, Param

        now, rows = int(time.time() * 1000), []
        for name, value in metrics.items():
            steps = enumerate(value, 1) if isinstance(value, list) else [(0, value)]
            rows += [
                Metric(name, float(x), now, step) for step, x in steps if x is not None and not pd.isna(x)
            ]
        settings = [Param(name, value) for name, value in params.items()]
        for start in range(0, len(settings), 100):
            self.client.log_batch(run, params=settings[start : start + 100])
        for start in range(0, len(rows), 1000):
            self.client.log_batch(run, metrics=rows[start : start + 1000])

    def attach(self, name: str, folder: Path) -> None:
        """Put a folder's files into a run of their own, unless they are there already."""
        files = sorted(path for path in folder.iterdir() if path.is_file())
        digest = entries.digest(*(path.read_bytes() for path in files))
        if not self.has(name, digest):
            run = self.replace(name, {})
            self.client.log_artifacts(run, str(folder))
            self.close(run, digest)


def _artifacts(address: str) -> str | None:
    """Beside a local database; a server decides for itself."""
    if not address.startswith("sqlite:///"):
        return None
    return (Path(address.removeprefix("sqlite:///")).resolve().parent / "mlartifacts").as_uri()
