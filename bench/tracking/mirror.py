"""The store of MLflow: one experiment and the runs in it. The only file that speaks to MLflow."""

import contextlib
import logging
import os
import sqlite3
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
    _writable(address(uri))
    for name, value in {**PATIENCE, **QUIET}.items():
        os.environ.setdefault(name, value)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=address(uri))


def _writable(address: str) -> None:
    """Refuses a file of SQLite that is damaged or cannot be written; MLflow would try for minutes."""
    if not address.startswith("sqlite:///"):
        return
    path = Path(address.removeprefix("sqlite:///").partition("?")[0])
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=15, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise OSError(f"{path} cannot be written as a database of MLflow: {error}") from error


class Mirror:
    """One experiment and the runs it already holds, by our own run id."""

    def __init__(self, uri: str | None, suite: str) -> None:
        self.client, self.suite = connect(uri), suite
        client = self.client
        self.experiment = _experiment(client, suite, uri)
        self.runs: dict[str, Any] = {}
        token = None
        while True:
            page = client.search_runs([self.experiment], max_results=500, page_token=token)
            self.runs |= {run.data.tags["vidattn.run"]: run for run in page if "vidattn.run" in run.data.tags}
            token = page.token
            if not token:
                return

    def cells(self) -> list[str]:
        """The cells that have a run here."""
        return [name for name, run in self.runs.items() if run.data.tags.get("vidattn.kind") == "cell"]

    def show(self, view: str) -> None:
        """Let the runs page open with this view."""
        self.client.set_experiment_tag(self.experiment, f"mlflow.sharedViewState.{VIEW}", view)

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

    def complete(
        self, run: str, metrics: dict[str, Any], params: dict[str, str], digest: str, tags: dict | None = None
    ) -> None:
        """Log numbers, curves by epoch, settings and tags in few calls, and mark the run as whole.

        The digest comes last, so that a run that was cut is done again.
        """
        from mlflow.entities import Metric, Param, RunTag

        now, rows = int(time.time() * 1000), []
        for name, value in metrics.items():
            steps = enumerate(value, 1) if isinstance(value, list) else [(0, value)]
            rows += [
                Metric(name, float(x), now, step) for step, x in steps if x is not None and not pd.isna(x)
            ]
        settings = [Param(name, value) for name, value in params.items()]
        marks = [RunTag(name, value) for name, value in {**(tags or {}), "vidattn.digest": digest}.items()]
        self.client.set_terminated(run)
        while len(rows) > 800 or len(settings) > 100:
            self.client.log_batch(run, rows[:800], settings[:100])
            rows, settings = rows[800:], settings[100:]
        self.client.log_batch(run, rows, settings, marks)

    def attach(self, name: str, folder: Path) -> None:
        """Put a folder's files into a run of their own, unless they are there already."""
        files = sorted(path for path in folder.iterdir() if path.is_file())
        digest = entries.digest(*(path.read_bytes() for path in files))
        if not self.has(name, digest):
            run = self.replace(name, {})
            self.client.log_artifacts(run, str(folder))
            self.close(run, digest)


def _experiment(client: Any, suite: str, uri: str | None) -> str:
    """The id of an experiment, created where there is none, unless another writer does so just now."""
    from mlflow.exceptions import MlflowException

    if found := client.get_experiment_by_name(suite):
        return found.experiment_id
    try:
        return client.create_experiment(suite, _artifacts(address(uri)))
    except MlflowException:
        if found := client.get_experiment_by_name(suite):
            return found.experiment_id
        raise


def _artifacts(address: str) -> str | None:
    """Beside a local database; a server decides for itself."""
    if not address.startswith("sqlite:///"):
        return None
    return (Path(address.removeprefix("sqlite:///")).resolve().parent / "mlartifacts").as_uri()
