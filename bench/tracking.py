"""MLflow as a mirror of the results: experiment = suite, parent run = cell, child run = fold and seed.

A cell that several suites share goes into the first of them, whatever suite is active.

The results folder is the truth: logging twice changes nothing, a changed record replaces its run, and what a
server missed is noted in a journal, from which `sync` sends it. No server makes this raise.
"""

import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vidattn.bench import entries, figures, journal, render, summary
from vidattn.bench.results import Results, coordinates

DEFAULT_URI = "sqlite:///mlflow.db"
VIEW = "vidattn"
# Short, so that a dead server costs seconds; MLflow's own defaults wait for minutes.
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "15"}
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
}
_LOG = logging.getLogger(__name__)


@dataclass
class Outcome:
    """Runs logged anew, runs skipped, cells still pending, and the error that stopped a call of `log`."""

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
        The outcome. Where the server failed, `pending` names the cells written to the journal.
    """
    outcome, done = Outcome(), set()
    cells = [cell for cell in results.ids if results.records[cell]]
    journal.note(results.root, suite, cells)
    try:
        mirror = _Mirror(_client(uri), _address(uri), suite)
        for cell in cells:
            _log_cell(mirror, results, cell, outcome)
            done.add(cell)
        if tables is not None:
            mirror.attach("tables", Path(tables))
    except Exception as error:  # whatever a server or its client throws, a result must not be lost over it
        outcome.error = f"{type(error).__name__}: {error}"
        outcome.pending = [cell for cell in cells if cell not in done]
        _LOG.warning("MLflow failed (%s); kept for `vidattn mlflow sync`.", outcome.error)
    journal.strike(results.root, suite, done)
    return outcome


def log_suites(
    root: Path, suites: dict[str, list[str]], uri: str | None = None, tables: Path | None = None
) -> Outcome:
    """Mirror cells into the experiments of their suites; after an error the rest is noted, not tried.

    Args:
        root: The results folder.
        suites: Suite -> its cells.
        uri: Tracking URI, as for `log`.
        tables: Folder with tables to attach to every experiment.
    """
    total = Outcome()
    for suite, cells in suites.items():
        results = Results(root, cells)
        if total.error:
            waiting = [cell for cell in cells if results.records[cell]]
            journal.note(root, suite, waiting)
            total.pending += waiting
        elif any(results.records.values()):
            found = log(results, uri, suite, tables)
            total.logged += found.logged
            total.skipped += found.skipped
            total.pending += found.pending
            total.error = found.error
    return total


def sync(root: Path, uri: str | None = None) -> Outcome:
    """Log what earlier calls could not."""
    return log_suites(root, journal.pending(root), uri)


def ui(uri: str | None = None, host: str = "127.0.0.1", port: int = 5000) -> int:
    """Open MLflow's pages on the local store until interrupted; for a remote server print its address."""
    address = _address(uri)
    remote = address.startswith("http")
    for name, link in links(uri, address if remote else f"http://{host}:{port}").items():
        print(f"{name}: {link}")
    if remote:
        return 0
    print("Ctrl-C ends it.")
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", address]
    command += ["--host", host, "--port", str(port)]
    try:
        return subprocess.call(command, env={**os.environ, **QUIET})
    except KeyboardInterrupt:
        return 0


def links(uri: str | None, base: str) -> dict[str, str]:
    """Suite -> address of its comparison: one line a cell, with the columns that tell cells apart."""
    found = _client(uri).search_experiments(order_by=["name"])
    page = "{}/#/experiments/{}/runs?viewStateShareKey={}"
    return {
        e.name: page.format(base.rstrip("/"), e.experiment_id, VIEW) for e in found if e.name != "Default"
    }


def _address(uri: str | None) -> str:
    return uri or os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_URI


def _client(uri: str | None):
    """An MLflow client; mlflow is imported here, since it takes seconds."""
    for name, value in {**PATIENCE, **QUIET}.items():
        os.environ.setdefault(name, value)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=_address(uri))


class _Mirror:
    """One experiment and the runs it already holds, by our own run id."""

    def __init__(self, client, address: str, suite: str) -> None:
        self.client, self.suite = client, suite
        found = client.get_experiment_by_name(suite)
        self.experiment = (
            found.experiment_id if found else client.create_experiment(suite, _artifacts(address))
        )
        client.set_experiment_tag(self.experiment, f"mlflow.sharedViewState.{VIEW}", entries.view())
        self.runs: dict[str, Any] = {}
        token = None
        while True:
            page = client.search_runs([self.experiment], max_results=500, page_token=token)
            self.runs |= {run.data.tags["vidattn.run"]: run for run in page if "vidattn.run" in run.data.tags}
            token = page.token
            if not token:
                return

    def has(self, name: str, digest: str) -> bool:
        """Whether a run was logged to its end from the same record."""
        return name in self.runs and self.runs[name].data.tags.get("vidattn.digest") == digest

    def replace(self, name: str, tags: dict[str, str]) -> str:
        """A fresh run in place of an older one: MLflow's parameters cannot be changed."""
        if name in self.runs:
            self.client.delete_run(self.runs.pop(name).info.run_id)
        return self.open(name, tags)

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


def _log_cell(mirror: _Mirror, results: Results, cell: str, outcome: Outcome) -> None:
    parent, digests = mirror.open(cell, entries.cell_tags(cell)), []
    for record in results.records[cell]:
        name, timing = entries.run_name(cell, record), entries.timing(results, cell, record)
        digests.append(entries.digest(record, timing))
        if mirror.has(name, digests[-1]):
            outcome.skipped.append(name)
            continue
        run = mirror.replace(name, {**entries.run_tags(cell, record), "mlflow.parentRunId": parent})
        _log_run(mirror, run, results, cell, record, timing)
        mirror.close(run, digests[-1])
        outcome.logged.append(name)
    if not mirror.has(cell, entries.digest(digests)):
        _log_parent(mirror, parent, results, cell)
        mirror.close(parent, entries.digest(digests))


def _log_run(mirror: _Mirror, run: str, results: Results, cell: str, record: dict, timing: dict) -> None:
    mirror.numbers(run, entries.metrics(record, timing), entries.params(cell, record))
    for kind, suffix in (("records", "json"), ("predictions", "csv")):
        path = results.path(kind, cell, record, suffix)
        if path.is_file():
            mirror.client.log_artifact(run, str(path), kind)
    frame = results.predictions(cell)
    if len(frame):
        mine = frame[frame["run"] == f"{record['fold']}-{record['seed']}"]
        _attach_confusion(mirror, run, mine, record["classes"])


def _log_parent(mirror: _Mirror, run: str, results: Results, cell: str) -> None:
    row = summary.cells(Results(results.root, [cell])).iloc[0].to_dict()
    numbers = {k: v for k, v in row.items() if isinstance(v, int | float) and not pd.isna(v)}
    mirror.numbers(run, numbers, coordinates(cell))
    frame = results.predictions(cell)
    if len(frame):
        _attach_confusion(mirror, run, frame, results.records[cell][0]["classes"])
    _attach_signature(mirror, run, cell, results.records[cell][0])


def _attach_signature(mirror: _Mirror, run: str, cell: str, record: dict) -> None:
    """What the model takes and gives, as MLflow's pages show it: an MLmodel file without weights."""
    from mlflow.models import Model, ModelSignature
    from mlflow.types import Schema, TensorSpec

    from vidattn.bench.inputs import plugin_path, plugin_streams

    if not plugin_path(record["cell"]["architecture"]).is_file():
        return  # recorded by code that is no longer there
    found = entries.shapes(record, plugin_streams(record["cell"]["architecture"]))
    sides = [
        Schema([TensorSpec(np.dtype("float32"), shape, name) for name, shape in side.items()])
        for side in found
    ]
    model = Model(artifact_path="model", run_id=run, signature=ModelSignature(*sides))
    with tempfile.TemporaryDirectory() as folder:
        render.save(Path(folder) / "model" / "MLmodel", model.to_yaml())
        mirror.client.log_artifacts(run, folder)
    mirror.client.set_tag(run, "mlflow.log-model.history", json.dumps([model.to_dict()], default=str))


def _attach_confusion(mirror: _Mirror, run: str, predictions: pd.DataFrame, classes: list[str]) -> None:
    if predictions.empty:
        return
    image = figures.encode(figures.confusion(predictions, classes), "png", "confusion")
    with tempfile.TemporaryDirectory() as folder:
        path = render.save(Path(folder) / "confusion.png", image)
        mirror.client.log_artifact(run, str(path))
