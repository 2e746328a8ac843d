"""Runs that are made elsewhere: what a worker must have, and what is published of what comes back."""

import inspect
from dataclasses import replace
from pathlib import Path

import plans
import pytest

from vidattn.bench.config import load as params_module
from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.runner import engines, execute, fill, remote, store, whole
from vidattn.bench.runner.engines import Engine
from vidattn.bench.system import digests, environment

ROOT = Path(__file__).resolve().parents[3]
CELL = Cell("actors", "tiny", "none", "frame_average", "clean")
NODE = "a processor of the cluster"


@pytest.fixture
def runs(tmp_path):
    """Three runs whose store is here."""
    params = params_module.load(ROOT / "params.yaml", store=str(tmp_path / "here"))
    made = [plans.without_data(Run(CELL, 1, seed), params) for seed in range(3)]
    return [
        replace(plan, data_files=[], digests={**plan.digests, "data": digests.digest_files([])})
        for plan in made
    ]


@pytest.fixture
def node(tmp_path, monkeypatch):
    """Another machine: its own device and store; returns the names of the runs that it made."""
    made = []

    def files(plan, *_):
        made.append(plan.id)
        facts = digests.json_text({"device": environment.device()}).encode()
        return {"run.json": facts, "scores.npz": plan.id.encode(), "weights.npz": b"weights"}

    def there(plan, terms):
        answer = getattr(remote, there.does)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(environment, "device", lambda: there.device)
            patch.setattr(store, "device", lambda: there.device)
            return answer(replace(plan, store=tmp_path / "there"), terms)

    def work(do, tasks, jobs, done, settings, kind):
        there.does = do.func.__name__
        for task in tasks:
            if not done(task, there(task, do.keywords["terms"])):
                return

    there.device = NODE
    monkeypatch.setattr(execute, "_files", files)
    there.made, there.work = made, work
    return there


def engine(node, **settings):
    return Engine("cluster", node.work, remote.Place(**settings), elsewhere=True)


def test_what_a_worker_made_comes_back_as_bytes_and_is_found_under_the_workers_device(runs, node):
    fill.fill(runs, None, print, engine=engine(node))
    assert node.made == [plan.id for plan in runs]
    for plan in runs:
        assert store.finished(plan) is None  # this machine's device made none
        place = store.finished(plan, made_by=NODE, large=True)
        assert (place / "scores.npz").read_bytes() == plan.id.encode()
        assert not list(place.parent.glob("*.partial"))
    told = []
    fill.fill(runs, None, told.append, engine=engine(node))
    assert told == ["Every run is in the store already."] and len(node.made) == 3


def test_one_device_does_not_take_what_another_made_and_any_does(runs, node):
    fill.fill(runs[:2], None, print, engine=engine(node))
    node.device = "another processor"
    with pytest.raises(fill.Failed, match="the others are a processor of the cluster"):
        fill.fill(runs, None, print, engine=engine(node, device=NODE))
    fill.fill(runs, None, print, same_device=False, engine=engine(node))
    assert node.made == [plan.id for plan in runs]
    fill.fill(runs, None, print, engine=engine(node))  # all of one: two are made again
    assert node.made == [*(plan.id for plan in runs), *(plan.id for plan in runs[:2])]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"versions": {"keras": "1.0"}}, "and not 1.0. Install the versions"),
        ({"place": remote.Place(project="/nowhere")}, "has no folder /nowhere"),
    ],
)
def test_a_worker_that_is_another_machine_than_is_needed_says_so_in_one_line(runs, change, message):
    outcome = remote.greet(runs[0], replace(remote.terms(remote.Place()), **change))
    assert message in outcome.failure and "\n" not in outcome.failure and outcome.made is None


def test_a_worker_without_the_data_or_with_other_code_or_data_says_so(runs, tmp_path):
    terms = remote.terms(remote.Place())
    lacking = replace(runs[0], data_files=[tmp_path / "index.csv"])
    assert "lacks" in remote.greet(lacking, terms).failure
    (tmp_path / "index.csv").write_text("other")
    assert "other data" in remote.greet(lacking, terms).failure
    code = replace(runs[0], digests={**runs[0].digests, "code": "0" * 16})
    assert "other code" in remote.greet(code, terms).failure


def test_nothing_begins_where_no_worker_is_fit(runs, node):
    lacking = [replace(plan, data_files=[Path("nowhere/index.csv")]) for plan in runs]
    with pytest.raises(remote.Unfit, match="No run was begun on cluster: .* lacks nowhere/index.csv"):
        fill.fill(lacking, None, print, engine=engine(node))
    assert node.made == []


def damaged(made):
    return replace(made, files={**made.files, "scores.npz": b"other"})


def outside(made):
    return replace(made, files={**made.files, "../run.json": b""})


def other_key(made):
    return replace(made, name="1-0-0123456789abcdef-" + made.name[-6:])


def nothing(made):
    return replace(made, files={})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (damaged, "did not arrive whole"),
        (outside, "refused"),
        (other_key, "asked for was"),
        (nothing, "is not here. With `shared_store: false`"),
    ],
)
def test_what_is_not_the_run_that_was_made_is_not_published(runs, node, change, message):
    node.does = "attempt"
    made = node(runs[0], remote.terms(remote.Place())).made
    with pytest.raises(remote.Unfit, match=message):
        remote.receive(runs[0], change(made))
    assert store.finished(runs[0], made_by=NODE) is None
    assert whole.fault(remote.receive(runs[0], made), large=True) == ""


def test_every_engine_takes_the_same_arguments():
    names = list(inspect.signature(engines.Work.__call__).parameters)[1:]
    for name in engines.names():
        assert list(inspect.signature(engines.engine(name).work).parameters) == names


def test_a_worker_uses_its_own_folder_of_the_code(runs):
    elsewhere = [Path("/other") / file.relative_to(execute.ROOT) for file in runs[0].code_files]
    terms = replace(remote.terms(remote.Place()), root=Path("/other"))
    assert remote.greet(replace(runs[0], code_files=elsewhere), terms).failure == ""
