"""One run: made once, under the key of the code and data that made it; made again where it is damaged."""

import os
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import plans
import pytest

from vidattn.bench.config import load as params_module
from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.plan import run_key
from vidattn.bench.runner import execute, store, whole
from vidattn.bench.train import fold_data, reproducible
from vidattn.data.files import atomic

ROOT = Path(__file__).resolve().parents[3]
RUN = Run(Cell("actors", "tiny", "none", "frame_average", "clean"), 1, 0)


@pytest.fixture
def plan(tmp_path):
    made = plans.without_data(RUN, params_module.load(ROOT / "params.yaml", store=str(tmp_path)))
    return replace(made, data_files=[], digests={**made.digests, "data": execute.digests.digest_files([])})


@pytest.fixture
def made(monkeypatch):
    """The names of runs that were made, without training."""
    names = []

    def files(plan, partial, *_):
        names.append(plan.id)
        return {"run.json": b"{}", "scores.npz": b"scores", "weights.npz": b"weights"}

    monkeypatch.setattr(execute, "_files", files)
    return names


def test_two_processes_on_one_run_make_it_once(plan, monkeypatch):
    """`vidattn run` beside `vidattn grid --jobs`; a lock on a folder holds between threads as well."""
    calls, started, second = [], threading.Event(), threading.Event()

    def files(plan, partial, *_):
        calls.append(plan)
        started.set()
        (second if len(calls) > 1 else started).set()
        second.wait(0.5)  # as long as another may take to come in; with the lock it waits outside
        (partial / "checkpoint1.npz").write_bytes(b"")
        return {"run.json": b"{}"}

    monkeypatch.setattr(execute, "_files", files)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(execute.execute, plan)
        assert started.wait(60)
        assert pool.submit(execute.execute, plan).result() == first.result() == store.folder(plan)
    assert len(calls) == 1
    assert sorted(path.name for path in store.folder(plan).iterdir()) == [whole.MANIFEST, "run.json"]


@pytest.mark.parametrize(
    "damage", [lambda p: p.write_bytes(b"other!"), Path.unlink, lambda p: p.write_bytes(b"")]
)
@pytest.mark.parametrize("name", ["run.json", "scores.npz", whole.MANIFEST])
def test_a_damaged_run_is_moved_aside_and_made_again(plan, made, capsys, damage, name):
    place = execute.execute(plan)
    damage(place / name)
    assert store.finished(plan) is None
    assert execute.execute(plan) == place == store.finished(plan)
    assert len(made) == 2
    assert (place.with_name(f"{place.name}.damaged")).is_dir()
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_weights_with_another_bit_are_made_again_by_the_command_that_is_advised(plan, made):
    """`predict` looks at their digest and says what to run; `grid` looks at their size alone."""
    place = execute.execute(plan)
    (place / "weights.npz").write_bytes(b"weighty")
    assert store.finished(plan) == place and store.finished(plan, large=True) is None
    execute.execute(plan)
    assert len(made) == 2 and (place / "weights.npz").read_bytes() == b"weights"


def test_leftovers_of_a_killed_process_go(plan, made):
    partial = store.folder(plan).with_name(store.folder(plan).name + ".partial")
    partial.mkdir(parents=True)
    gone = subprocess.Popen(["true"])
    gone.wait()
    (partial / f".run.{gone.pid}-{atomic.HOST}0001.part.json").write_bytes(b"{")
    place = execute.execute(plan)
    whole_run = [whole.MANIFEST, "run.json", "scores.npz", "weights.npz"]
    assert sorted(path.name for path in place.iterdir()) == whole_run


def test_code_that_was_edited_since_the_plan_makes_nothing(plan, monkeypatch):
    """Otherwise its result would stand under the key of the code before."""
    other = replace(plan, digests={**plan.digests, "code": "of before"})
    with pytest.raises(execute.Changed, match="edited since it was planned"):
        execute.execute(other)
    assert store.finished(other) is None


def test_code_that_is_edited_while_it_is_imported_makes_nothing(plan, monkeypatch, tmp_path):
    """Digested, edited, imported: the digest is not that of what was imported, whatever is restored after."""
    file = tmp_path / "edited.py"
    file.write_text("A = 1\n")
    monkeypatch.setattr(run_key, "ROOT", tmp_path)
    monkeypatch.setattr(execute, "ROOT", tmp_path)
    edited = replace(plan, code_files=[file], digests={**plan.digests, "code": run_key.code_of([file])})

    state = file.stat()

    def imported(plan):
        file.write_text("A = 2\n")
        file.write_text("A = 1\n")
        os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))  # as a copy with its times does

    monkeypatch.setattr(reproducible, "one_thread", lambda: None)  # another test may have set up TensorFlow
    monkeypatch.setattr(execute, "import_code", imported)
    with pytest.raises(execute.Changed, match="edited.py: edited while"):
        execute.execute(edited)
    assert store.finished(edited) is None


def test_data_that_changes_under_a_run_makes_nothing(plan, made, tmp_path):
    index = tmp_path / "index.csv"
    index.write_text("clip\n")
    read = replace(
        plan,
        data_files=[index],
        digests={**plan.digests, "data": execute.digests.digest_files([index])},
    )
    index.write_text("clip\na\n")
    with pytest.raises(execute.Changed, match="index.csv changed while"):
        execute.execute(read)
    assert store.finished(read) is None


def test_a_run_of_another_device_counts_only_where_it_is_asked_for(plan, made, monkeypatch):
    execute.execute(plan)
    monkeypatch.setattr(store, "device", lambda: "another processor")
    assert store.finished(plan) is None
    assert store.finished(plan, same_device=False).is_dir()
    execute.execute(plan, same_device=False)
    assert len(made) == 1
    execute.execute(plan)
    assert len(made) == 2


@pytest.mark.parametrize(("train", "test", "said"), [(7, 9, "7 to train on"), (9, 7, "7 to score")])
def test_too_few_clips_for_one_batch_are_told_before_training(plan, monkeypatch, train, test, said):
    """With a batch of 8 whose remainder is dropped nothing is left of 7 clips."""
    sides = {side: tuple(map(str, range(count))) for side, count in (("train", train), ("test", test))}
    clips = SimpleNamespace(ids=sides["train"] + sides["test"])
    inputs = fold_data.Inputs({"rgb": clips}, {}, {}, (), SimpleNamespace(**sides), 8, None, 3)
    monkeypatch.setattr(fold_data, "open_inputs", lambda plan: inputs)
    execute.check_sizes(plan)  # which drops nothing
    dropping = replace(plan, protocol=replace(plan.protocol, batch=8, drop_remainder=True))
    with pytest.raises(execute.TooFew, match=f"batches of 8 clips, and there are {said}\\. .*smaller batch"):
        execute.check_sizes(dropping)
