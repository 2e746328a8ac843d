"""MLflow mirrors the results: nothing lost, nothing doubled, and a dead server stops nothing."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import synthetic

from vidattn.bench import tracking
from vidattn.bench.config.load import load
from vidattn.bench.config.plugin_files import PlugIn
from vidattn.bench.plan import suites as cell_module
from vidattn.bench.report import leaderboard
from vidattn.bench.results.reader import Results
from vidattn.bench.tracking import contents, entries, journal, mirror, pages

CELLS = dict(list(synthetic.CELLS.items())[:2])


@pytest.fixture
def results(tmp_path):
    return Results(synthetic.write(tmp_path / "results", CELLS, folds=2), list(CELLS))


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """One migrated SQLite file for the module; a migration takes seconds."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'mlflow.db'}"
    mirror.connect(uri).search_experiments()
    return uri


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
    assert names == {"records", "predictions"}
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
    assert view["selectedColumns"] == ["metrics.`top1`", "metrics.`parameters`", "params.`attention`"]
    link = pages.links(database, "http://127.0.0.1:5000")["six"]
    page = f"/#/experiments/{experiment.experiment_id}/runs?viewStateShareKey=vidattn"
    assert link.endswith(f"{page}&workflowType=machine_learning")


def test_a_dead_server_is_survived_and_synced_later(results, database):
    outcome = tracking.log(results, f"http://127.0.0.1:{_port()}", "three")
    assert outcome.error and outcome.pending == list(CELLS)
    assert journal.pending(results.root) == {"three": list(CELLS)}
    assert len(tracking.sync(results, database).logged) == 4
    assert journal.pending(results.root) == {}
    assert tracking.sync(results, database).logged == []


def test_a_damaged_journal_is_named(tmp_path):
    (tmp_path / journal.NAME).write_text('{"demo": [')
    with pytest.raises(ValueError, match="mlflow_pending.json is no readable JSON .* vidattn mlflow log"):
        journal.pending(tmp_path)


def test_a_damaged_timing_is_named(results, database, caplog):
    path = next((results.root / "timings").glob("*/*.json"))
    path.write_text("{")
    tracking.log(results, database, "one")
    assert f"{path} is no readable JSON" in caplog.text and "kept for `vidattn mlflow sync`" in caplog.text


def test_notes_of_several_writers_are_all_kept(tmp_path):
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(lambda n: journal.note(tmp_path, f"s{n % 3}", [f"c{n}"]), range(60)))
    assert sorted(sum(journal.pending(tmp_path).values(), [])) == sorted(f"c{n}" for n in range(60))


def test_two_logs_at_once_make_each_run_once(results, database):
    with ThreadPoolExecutor(2) as both:
        outcomes = list(both.map(lambda _: tracking.log(results, database, "twice"), range(2)))
    assert sorted(len(outcome.logged) for outcome in outcomes) == [0, 4]
    names = [run.data.tags["vidattn.run"] for run in runs(database, "twice")[1]]
    assert len(names) == len(set(names)) == 6


@pytest.mark.parametrize("content", [None, b"no database at all " * 99])
def test_a_database_that_cannot_be_written_is_told_at_once(results, tmp_path, content):
    path = tmp_path / "away/mlflow.db"
    if content:
        path.parent.mkdir()
        path.write_bytes(content)
    outcome = tracking.log(results, f"sqlite:///{path}", "three")
    assert f"{path} cannot be written as a database of MLflow" in outcome.error
    assert outcome.pending == list(CELLS)


def test_cells_go_to_their_suites_and_a_dead_server_is_tried_once(results, database, monkeypatch):
    first, second = CELLS
    suites = {"seven": [first, "actors-tiny-none-nothing-clean"], "eight": [second], "nine": ["a-b-c-d-e"]}
    dead = f"http://127.0.0.1:{_port()}"
    outcome = tracking.log_suites(results, suites, dead)
    assert outcome.error and outcome.pending == [first, second]
    assert journal.pending(results.root) == {"seven": [first], "eight": [second]}
    assert len(tracking.log_suites(results, suites, database).logged) == 4
    assert tracking.log_suites(results, suites, database).logged == []
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


def test_shapes_of_a_variant_are_those_of_its_plug_in(tmp_path):
    record = {"cell": {"architecture": "small"}, "classes": ["a"]}
    named = {"architecture": {"small": PlugIn("architecture", "c3d", {"width": 8})}}
    results = Results(tmp_path, plugins=named)
    assert list(contents._shapes(results, record)["inputs"]) == ["rgb"]
    assert contents._shapes(Results(tmp_path), record) == {}


def test_a_cell_of_two_suites_has_one_home(monkeypatch):
    chosen = load()
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
    complete = mirror.Mirror.complete
    calls = []

    def cut(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise ConnectionError("cut")
        complete(*arguments)

    monkeypatch.setattr(mirror.Mirror, "complete", cut)
    outcome = tracking.log(results, database, "four")
    assert "cut" in outcome.error and len(outcome.pending) == 2
    monkeypatch.undo()
    assert len(tracking.sync(results, database).logged) == 3
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
    assert (tracking.sync(results, database).error, journal.pending(results.root)) == ("", {})
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
@pytest.mark.battery  # two starts of a server; `make test` cuts a run in the middle without one
def test_a_server_killed_in_mid_run_and_restarted_loses_and_doubles_nothing(
    results, database, tmp_path, monkeypatch
):
    shutil.copy(database.removeprefix("sqlite:///"), tmp_path / "server.db")
    port, uri = _port(), f"sqlite:///{tmp_path / 'server.db'}"
    address, server = f"http://127.0.0.1:{port}", _serve(uri, port, tmp_path)
    try:
        count, complete = [], mirror.Mirror.complete

        def kill_before_fourth(*arguments):  # two runs and their cell, then
            count.append(1)
            if len(count) == 4:
                _end(server)
            complete(*arguments)

        monkeypatch.setattr(mirror.Mirror, "complete", kill_before_fourth)
        outcome = tracking.log(results, address, "five")
        assert outcome.error and len(outcome.logged) == 2 and len(outcome.pending) == 1
        monkeypatch.undo()
        server = _serve(uri, port, tmp_path)
        assert len(tracking.sync(results, address).logged) == 2
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


WRITERS = 16


@pytest.fixture
def postgres():
    """The address of a database of a PostgreSQL server of this test's own; skipped where there is none."""
    pytest.importorskip("psycopg2", reason="MLflow speaks to PostgreSQL by psycopg2, which is not installed")
    if not (shutil.which("initdb") and shutil.which("postgres")):
        pytest.skip("initdb and postgres are not on the path (Debian: postgresql)")
    user = "postgres" if os.getuid() == 0 else None  # PostgreSQL refuses to be root's
    with tempfile.TemporaryDirectory() as folder:
        if user:
            shutil.chown(folder, user)
        data, port, log = Path(folder) / "data", _port(), (Path(folder) / "log").open("wb")
        how = {"user": user, "cwd": folder, "stdout": log, "stderr": log}
        subprocess.run(["initdb", "-A", "trust", "-U", "vidattn", "-D", data, "-N"], check=True, **how)
        line = ["postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-F"]
        server = subprocess.Popen(line, **how)
        try:
            where = f"://vidattn@127.0.0.1:{port}/postgres"
            _connected(f"postgresql{where}")
            yield f"postgresql+psycopg2{where}"
        finally:
            server.send_signal(signal.SIGINT)  # it does not wait for whoever is connected
            server.wait()


def _connected(uri):
    import psycopg2

    for _ in range(120):
        try:
            return psycopg2.connect(uri).close()
        except psycopg2.OperationalError:
            time.sleep(0.5)
    pytest.fail("PostgreSQL did not come up within a minute")


@pytest.mark.slow
def test_sixteen_writers_lose_and_double_nothing_on_postgresql_though_the_server_is_killed(
    postgres, tmp_path, monkeypatch
):
    """Each writes a cell of two folds, from a results folder of its own, to one experiment."""
    names = [f"actors-tiny-none-frame_average-w{number}" for number in range(WRITERS)]
    roots = [
        synthetic.write(tmp_path / f"w{number}", {name: (0.7, 0.4, 0.35)}, folds=2)
        for number, name in enumerate(names)
    ]
    address = f"http://127.0.0.1:{(port := _port())}"
    server = _serve(postgres, port, tmp_path)
    complete, count, lock = mirror.Mirror.complete, [], threading.Lock()

    def killed_in_between(*arguments):
        with lock:
            count.append(1)
            if len(count) == WRITERS:  # of three calls a writer
                _end(server)
        complete(*arguments)

    def log(number):
        return tracking.log(Results(roots[number], [names[number]]), address, "shared")

    try:
        monkeypatch.setattr(mirror.Mirror, "complete", killed_in_between)
        with ThreadPoolExecutor(WRITERS) as writers:
            first = list(writers.map(log, range(WRITERS)))
        monkeypatch.undo()
        assert any(outcome.error for outcome in first)
        server = _serve(postgres, port, tmp_path)
        with ThreadPoolExecutor(WRITERS) as writers:
            again = list(writers.map(lambda root: tracking.sync(Results(root), address), roots))
        assert [outcome.error for outcome in again] == [""] * WRITERS
        assert all(journal.pending(root) == {} for root in roots)
        _, found = runs(address, "shared")
        by_name = Counter(run.data.tags["vidattn.run"] for run in found)
        assert by_name == Counter([*names, *(f"{name}/{fold}-0" for name in names for fold in (1, 2))])
        assert all("vidattn.digest" in run.data.tags for run in found)
    finally:
        _end(server)


def test_the_leaderboard_has_a_run_a_cell_with_the_difference_to_its_control(results, database):
    suites = {"one": [list(CELLS)[0]], "other": [list(CELLS)[1]]}
    tracking.log_suites(results, suites, database)
    client, found = runs(database, "leaderboard")
    by_cell = {run.data.tags["vidattn.run"]: run for run in found}
    assert set(by_cell) == set(CELLS)
    none, cbam = (by_cell[cell].data for cell in CELLS)
    assert cbam.metrics["difference"] == pytest.approx(cbam.metrics["top1"] - none.metrics["top1"])
    assert cbam.metrics.keys() >= {
        "difference_low",
        "difference_high",
        "flops",
        "parameters",
        "train_seconds",
    }
    assert cbam.tags["vidattn.control"] == list(CELLS)[0] and "difference" not in none.metrics
    identity = by_cell[list(CELLS)[0]].info.run_id
    tracking.log_suites(results, suites, database)
    again = {run.info.run_id for run in runs(database, "leaderboard")[1]}
    assert identity in again and len(again) == 2
    assert list(pages.links(database, "http://x"))[:2] == ["leaderboard", "accuracy against FLOPs"]


def test_the_leaderboard_has_the_numbers_of_the_table(results, database):
    """Corrected for what is planned, with the variance of all cells, whichever of them a call logs."""
    cell, control = list(CELLS)[1], list(CELLS)[0]
    more = [cell, cell.replace("cbam", "se"), cell.replace("cbam", "l2pa")]
    whole = Results(results.root, list(CELLS), planned=(control, *more))
    tracking.log_suites(whole, {"table": [cell]}, database)
    row = leaderboard.table(whole).set_index("cell").loc[cell]
    logged = {run.data.tags["vidattn.run"]: run.data for run in runs(database, "leaderboard")[1]}
    for name in ("top1", "top1_low", "top1_high", "difference", "p_holm"):
        assert logged[cell].metrics[name] == pytest.approx(row[name])
    alone = leaderboard.table(results).set_index("cell").loc[cell]
    assert alone["p_holm"] < row["p_holm"]
    parent = {run.data.tags["vidattn.run"]: run.data for run in runs(database, "table")[1]}[cell]
    assert parent.metrics["top1_low"] == pytest.approx(row["top1_low"])


def test_the_leaderboard_opens_with_its_columns_in_order_and_accuracy_against_flops():
    view = json.loads(entries.leaderboard_view())
    names = ["top1", "top1_low", "top1_high", "difference", "difference_low", "difference_high"]
    names += ["flops", "parameters", "train_seconds"]
    assert view["columnOrder"][:10] == ["attributes.`Run Name`", *(f"metrics.`{name}`" for name in names)]
    assert set(view["columnOrder"][1:]) == set(view["selectedColumns"])
    (chart,), (section,) = view["compareRunCharts"], view["compareRunSections"]
    assert (chart["type"], chart["xaxis"]["key"], chart["yaxis"]["key"]) == ("SCATTER", "flops", "top1")
    assert chart["metricSectionId"] == section["uuid"] and view["runsHiddenMode"] == "SHOW_ALL"


def test_a_port_in_use_is_told_in_one_line(database):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"Port {port} of 127.0.0.1 is in use.*--port {port + 1}"):
            pages.ui(database, port=port)


def test_no_server_outlives_the_command(database, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = f"from vidattn.bench.tracking import pages; pages.ui({database!r}, port={port})"
    command = subprocess.Popen(
        [sys.executable, "-c", script],
        env={**os.environ, "MLFLOW_WORKERS": "2"},  # of four by default, which import all as well
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert reached(port, True)
        command.send_signal(signal.SIGTERM)
        command.wait(300)
        assert reached(port, False)
    finally:
        command.kill()


def reached(port: int, wanted: bool) -> bool:
    """Whether the port answers (or no longer does) within ten minutes: the machine may do much else."""
    for _ in range(1200):
        with socket.socket() as probe:
            if (probe.connect_ex(("127.0.0.1", port)) == 0) is wanted:
                return True
        time.sleep(0.5)
    return False


def test_a_command_that_is_killed_takes_its_server_with_it():
    script = (
        "import subprocess, sys, time\n"
        "from vidattn.bench.tracking import pages\n"
        "server = subprocess.Popen(['sleep', '300'], start_new_session=True)\n"
        "pages._end_with_this_process(server.pid)\n"
        "print(server.pid, flush=True)\n"
        "time.sleep(300)\n"
    )
    command = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    server = int(command.stdout.readline())
    command.kill()
    for _ in range(240):
        status = Path(f"/proc/{server}/stat")
        if not status.is_file() or status.read_text().split()[2] == "Z":
            return
        time.sleep(0.5)
    pytest.fail("the server lives on")
