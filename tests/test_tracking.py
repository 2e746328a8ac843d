"""MLflow mirrors the results: nothing lost, nothing doubled, and a dead server stops nothing."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import synthetic

from vidattn.bench import cell as cell_module
from vidattn.bench import params, tracking
from vidattn.bench.results import Results
from vidattn.bench.tracking import contents, entries, journal, mirror, pages

CELLS = dict(list(synthetic.CELLS.items())[:2])


@pytest.fixture
def results(tmp_path):
    return Results(synthetic.write(tmp_path / "results", CELLS, folds=2), list(CELLS))


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """One migrated SQLite file for the module; a migration takes seconds."""
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'mlflow.db'}"


def runs(uri, suite):
    client = mirror.connect(uri)
    experiment = client.get_experiment_by_name(suite)
    return client, client.search_runs([experiment.experiment_id], max_results=1000)


def test_logs_parents_children_metrics_and_artefacts(results, database, tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "grid.csv").write_text("a\n1\n")
    outcome = tracking.log(results, database, "one", tmp_path / "tables")
    assert (len(outcome.logged), outcome.pending, outcome.error) == (4, [], "")
    client, found = runs(database, "one")
    byname = {run.data.tags["vidattn.run"]: run for run in found}
    cell = next(iter(CELLS))
    assert set(byname) == {*CELLS, *(f"{c}/{fold}-0" for c in CELLS for fold in (1, 2)), "tables"}
    child, parent = byname[f"{cell}/1-0"], byname[cell]
    assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert child.data.tags["vidattn.attention"] == "none"
    assert child.data.tags["vidattn.data_digest"] == "d" * 12
    record = results.records[cell][0]
    assert child.data.metrics["top1"] == pytest.approx(record["metrics"]["top1"])
    curve = client.get_metric_history(child.info.run_id, "epoch_loss")
    assert [m.value for m in sorted(curve, key=lambda m: m.step)] == record["history"]["loss"]
    names = {a.path for a in client.list_artifacts(child.info.run_id)}
    assert names == {"records", "predictions", "confusion.png"}
    assert {a.path for a in client.list_artifacts(parent.info.run_id)} == {"shapes.json", "confusion.png"}
    assert "mlflow.log-model.history" not in parent.data.tags  # no weights: no model to register
    shapes = json.loads(Path(client.download_artifacts(parent.info.run_id, "shapes.json")).read_text())
    assert list(shapes["inputs"]) == ["rgb"]
    assert shapes["outputs"] == {"logits": ["B", len(record["classes"])]}
    assert parent.data.tags["outputs.logits"] == f"(B, {len(record['classes'])})"
    assert parent.data.metrics["top1_low"] < parent.data.metrics["top1"] < parent.data.metrics["top1_high"]


def test_logging_again_changes_nothing_and_a_changed_record_replaces_its_run(results, database):
    tracking.log(results, database, "two")
    again = tracking.log(results, database, "two")
    assert (again.logged, len(again.skipped)) == ([], 4)
    cell = next(iter(CELLS))
    frame = results.predictions(cell).query("fold == 1")[["clip", "group", "label", "prediction", "rank"]]
    synthetic.write_run(results.root, cell, 1, 0, frame, epochs=99)
    changed = tracking.log(Results(results.root, list(CELLS)), database, "two")
    assert (changed.logged, len(changed.skipped)) == ([f"{cell}/1-0"], 3)
    _, found = runs(database, "two")
    names = [run.data.tags["vidattn.run"] for run in found]
    assert len(names) == len(set(names)) == 6
    assert {run.data.metrics.get("epochs") for run in found} == {99, 6, None}


def test_the_comparison_opens_with_one_line_a_cell(results, database):
    tracking.log(results, database, "six")
    client, _ = runs(database, "six")
    experiment = client.get_experiment_by_name("six")
    view = json.loads(experiment.tags["mlflow.sharedViewState.vidattn"])
    listed = client.search_runs(
        [experiment.experiment_id], view["searchFilter"], order_by=["metrics.top1 DESC"]
    )
    assert [run.data.tags["vidattn.run"] for run in listed] == sorted(
        CELLS, key=lambda cell: -results.runs.groupby("cell")["top1"].mean()[cell]
    )
    assert view["selectedColumns"] == ["params.`attention`", "metrics.`top1`", "metrics.`parameters`"]
    link = pages.links(database, "http://127.0.0.1:5000")["six"]
    page = f"/#/experiments/{experiment.experiment_id}/runs?viewStateShareKey=vidattn"
    assert link.endswith(f"{page}&workflowType=machine_learning")


def test_a_dead_server_is_survived_and_synced_later(results, database):
    outcome = tracking.log(results, f"http://127.0.0.1:{_port()}", "three")
    assert outcome.error and outcome.pending == list(CELLS)
    assert journal.pending(results.root) == {"three": list(CELLS)}
    assert len(tracking.sync(results.root, database).logged) == 4
    assert journal.pending(results.root) == {}
    assert tracking.sync(results.root, database).logged == []


def test_a_damaged_journal_is_named(tmp_path):
    (tmp_path / journal.NAME).write_text('{"demo": [')
    with pytest.raises(ValueError, match="mlflow_pending.json is no readable JSON .* vidattn mlflow log"):
        journal.pending(tmp_path)


def test_cells_go_to_their_suites_and_a_dead_server_is_tried_once(results, database, monkeypatch):
    first, second = CELLS
    suites = {"seven": [first, "actors-tiny-none-nothing-clean"], "eight": [second], "nine": ["a-b-c-d-e"]}
    dead = f"http://127.0.0.1:{_port()}"
    outcome = tracking.log_suites(results.root, suites, dead)
    assert outcome.error and outcome.pending == [first, second]
    assert journal.pending(results.root) == {"seven": [first], "eight": [second]}
    assert len(tracking.log_suites(results.root, suites, database).logged) == 4
    assert tracking.log_suites(results.root, suites, database).logged == []
    for suite, cell in (("seven", first), ("eight", second)):
        _, found = runs(database, suite)
        assert {run.data.tags["vidattn.run"].split("/")[0] for run in found} == {cell}
    assert mirror.connect(database).get_experiment_by_name("nine") is None


@pytest.mark.parametrize(
    ("streams", "protocol", "expected"),
    [
        (
            ("rgb", "flow"),
            {"frames": 8, "size": 64},
            {"rgb": ["B", 8, 64, 64, 3], "flow": ["B", None, 64, 64, None]},
        ),
        (("rgb",), {"frames": 8, "size": 224, "encoder": "frozen"}, {"features": ["B", 8, None]}),
        (("rgb",), {"frames": 0, "size": 224, "encoder": "frozen"}, {"features": ["B", None, None]}),
        (("image",), {"frames": 0, "size": 32, "encoder": "frozen"}, {"image": ["B", 32, 32, 3]}),
        (("image",), {"frames": 1, "size": "native"}, {"image": ["B", None, None, 3]}),
    ],
)
def test_shapes_of_a_model(streams, protocol, expected):
    found = entries.shapes({"protocol": protocol, "classes": ["a", "b"]}, streams)
    assert found == {"inputs": expected, "outputs": {"logits": ["B", 2]}}
    assert entries.shape_tags(found)["outputs.logits"] == "(B, 2)"
    assert "None" not in str(entries.shape_tags(found))


def test_a_cell_of_two_suites_has_one_home(monkeypatch):
    chosen = params.load()
    monkeypatch.setattr(
        cell_module, "reported", lambda p: [c for s in p.suites for c in cell_module.cells(p, s)]
    )
    homes = cell_module.homes(chosen)
    every = [name for names in homes.values() for name in names]
    assert len(every) == len(set(every)) and set(cell_module.cells(chosen, "ci")) <= set(homes["demo"])


def test_the_environment_names_the_server(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert mirror.address(None) == "sqlite:///mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://somewhere:5000")
    assert mirror.address(None) == "http://somewhere:5000"
    assert mirror.address("sqlite:///x.db") == "sqlite:///x.db"


def test_a_cut_run_is_done_again_without_a_double(results, database, monkeypatch):
    close = mirror.Mirror.close
    calls = []

    def cut(self, run, digest):
        calls.append(run)
        if len(calls) == 2:
            raise ConnectionError("cut")
        close(self, run, digest)

    monkeypatch.setattr(mirror.Mirror, "close", cut)
    outcome = tracking.log(results, database, "four")
    assert "cut" in outcome.error and len(outcome.pending) == 2
    monkeypatch.undo()
    assert len(tracking.sync(results.root, database).logged) == 3
    _, found = runs(database, "four")
    assert len(found) == 6


def test_tables_that_a_server_missed_are_attached_later(results, database, tmp_path, monkeypatch):
    tables = results.root / "tables"
    tables.mkdir()
    (tables / "grid.csv").write_text("a\n1\n")

    def cut(self, name, folder):
        raise ConnectionError("cut")

    monkeypatch.setattr(mirror.Mirror, "attach", cut)
    outcome = tracking.log(results, database, "ten", tables)
    assert "cut" in outcome.error and len(outcome.logged) == 4 and outcome.pending == ["tables"]
    assert journal.pending(results.root) == {"ten": ["tables"]}
    monkeypatch.undo()
    assert (tracking.sync(results.root, database).error, journal.pending(results.root)) == ("", {})
    client, found = runs(database, "ten")
    ids = {run.data.tags["vidattn.run"]: run.info.run_id for run in found}
    assert [a.path for a in client.list_artifacts(ids["tables"])] == ["grid.csv"]


def test_a_run_without_a_record_leaves_the_mirror(results, database):
    tracking.log(results, database, "eleven")
    cell = next(iter(CELLS))
    (results.root / "records" / cell / "2-0.json").unlink()
    assert tracking.log(Results(results.root, list(CELLS)), database, "eleven").logged == []
    _, found = runs(database, "eleven")
    assert {run.data.tags["vidattn.run"] for run in found} == {
        *CELLS,
        *(f"{name}/{fold}-0" for name in CELLS for fold in (1, 2) if (name, fold) != (cell, 2)),
    }


@pytest.mark.slow
def test_a_server_killed_in_mid_run_and_restarted_loses_and_doubles_nothing(results, tmp_path, monkeypatch):
    port, uri = _port(), f"sqlite:///{tmp_path / 'server.db'}"
    address, server = f"http://127.0.0.1:{port}", _serve(uri, port, tmp_path)
    try:
        count, log_run = [], contents._log_run

        def kill_before_third(*arguments):
            count.append(1)
            if len(count) == 3:
                _end(server)
            log_run(*arguments)

        monkeypatch.setattr(contents, "_log_run", kill_before_third)
        outcome = tracking.log(results, address, "five")
        assert outcome.error and len(outcome.logged) == 2 and len(outcome.pending) == 1
        monkeypatch.undo()
        server = _serve(uri, port, tmp_path)
        assert len(tracking.sync(results.root, address).logged) == 2
        _, found = runs(address, "five")
        assert len(found) == 6 and all("vidattn.digest" in run.data.tags for run in found)
    finally:
        _end(server)


def _port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _serve(uri, port, folder):
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri, "--port", str(port)]
    command += ["--workers", "1", "--artifacts-destination", str(folder / "artifacts")]
    environment = {**os.environ, **mirror.QUIET}
    log = (folder / "server.log").open("w")
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    for _ in range(180):
        time.sleep(1)
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2)
            return server
        except OSError:
            continue
    _end(server)
    pytest.fail(
        f"The MLflow server did not come up within three minutes: {(folder / 'server.log').read_text()}"
    )


def _end(server):
    if server.poll() is None:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
