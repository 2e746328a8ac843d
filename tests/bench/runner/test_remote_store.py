"""The store travels: what one has sent another fetches, whole or not at all, and trains nothing."""

import json
from dataclasses import replace
from pathlib import Path

import plans
import pytest

from vidattn.bench.config import load as params_module
from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.runner import execute, fill, remote_store, store, whole
from vidattn.bench.system import digests
from vidattn.data.files import seal

pytest.importorskip("fsspec", reason="the extra vidattn[store] is not installed")
ROOT = Path(__file__).resolve().parents[3]
CELL = Cell("actors", "tiny", "none", "frame_average", "clean")


def runs_in(folder):
    """Two runs whose store is there."""
    params = params_module.load(ROOT / "params.yaml", store=str(folder))
    made = [plans.without_data(Run(CELL, 1, seed), params) for seed in range(2)]
    return [
        replace(plan, data_files=[], digests={**plan.digests, "data": digests.digest_files([])})
        for plan in made
    ]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A store with two runs that have one file in common, a data set's index and its features."""
    files = {"run.json": b"{}", "scores.npz": b"scores", "weights.npz": b"weights"}
    monkeypatch.setattr(execute, "_files", lambda plan, *_: {**files, "run.json": plan.id.encode()})
    for plan in runs_in(tmp_path / "here"):
        execute.execute(plan)
    features = tmp_path / "here" / "actors" / "features" / "tiny-0123456789"
    features.mkdir(parents=True)
    (features / "00000.npy").write_bytes(b"features")
    (features / "index.json").write_text("{}")
    (features / "half.npy").with_name(".x.1-abcd.part.npy").write_bytes(b"half")
    (tmp_path / "here" / "actors" / "index.csv").write_text("clip\n")
    (tmp_path / "here" / "actors" / ".index.csv.sha256").write_text("seal")
    (tmp_path / "here" / "actors" / "raw" / "clips").mkdir(parents=True)
    (tmp_path / "here" / "actors" / "raw" / "clips" / "video.mp4").write_bytes(b"not ours to give")
    scores = tmp_path / "here" / "scores" / CELL.id / "1-0"
    scores.mkdir(parents=True)
    for name in ("run.json", "scores.npz", "timing.json"):
        (scores / name).write_bytes(b"{}")
    whole.seal(scores)
    monkeypatch.setattr(execute, "_files", None)  # from here on nothing can be trained
    return tmp_path / "here"


def content(folder):
    kept = [path for path in folder.rglob("*") if path.is_file() and "raw" not in path.parts]
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in kept if ".part" not in path.name
    }


@pytest.fixture
def url(here, tmp_path):
    assert remote_store.push(here, str(tmp_path / "there"), print) == 5
    return str(tmp_path / "there")


def test_a_second_store_has_every_run_without_training(here, url, tmp_path):
    told = []
    assert remote_store.pull(tmp_path / "second", url, print) == 5
    fill.fill(runs_in(tmp_path / "second"), 1, told.append)
    assert told == ["Every run is in the store already."]
    assert content(tmp_path / "second") == content(here)


def test_the_same_bytes_are_kept_once_and_no_video_travels(url):
    kept = [path.read_bytes() for path in Path(url).glob("objects/*/*")]
    assert sorted(kept) == sorted(set(kept)) and b"not ours to give" not in kept and b"half" not in kept


def test_videos_travel_where_that_is_asked_and_ones_own_stay(here, url, tmp_path):
    assert remote_store.push(here, url, print, videos=["actors"]) == 1
    told = []
    remote_store.pull(tmp_path / "second", url, told.append)
    video = tmp_path / "second" / "actors" / "raw" / "clips" / "video.mp4"
    assert video.read_bytes() == b"not ours to give" and "actors/raw" in told
    video.write_bytes(b"mine")
    assert remote_store.pull(tmp_path / "second", url, told.append) == 0
    assert video.read_bytes() == b"mine"
    assert told[-1] == "actors/raw: the videos here are others than there, and stay."


def test_a_run_that_is_whole_stays_though_it_took_other_seconds(url, tmp_path, monkeypatch):
    own = {"run.json": b"{}", "scores.npz": b"scores", "weights.npz": b"weights", "timing.json": b"[9]"}
    monkeypatch.setattr(execute, "_files", lambda plan, *_: own)
    plan = runs_in(tmp_path / "second")[0]
    place = execute.execute(plan)
    remote_store.pull(tmp_path / "second", url, print)
    assert (place / "timing.json").read_bytes() == b"[9]"
    assert not list(place.parent.glob("*.damaged"))


def test_what_is_there_is_not_moved_again(here, url, tmp_path, monkeypatch):
    assert remote_store.push(here, url, print) == 0
    remote_store.pull(tmp_path / "second", url, print)
    assert remote_store.pull(tmp_path / "second", url, print) == 0


def test_a_fetch_that_was_stopped_goes_on_where_it_stopped(url, tmp_path, monkeypatch):
    fetched, whole_fetch = [], remote_store._fetch

    def stopped(system, root, about, path):
        if len(fetched) == 2:
            raise KeyboardInterrupt
        fetched.append(path.name)
        whole_fetch(system, root, about, path)

    monkeypatch.setattr(remote_store, "_fetch", stopped)
    with pytest.raises(KeyboardInterrupt):
        for _ in range(9):
            remote_store.pull(tmp_path / "second", url, print)
    monkeypatch.setattr(remote_store, "_fetch", whole_fetch)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "second").rglob("*") if path.is_file()}
    assert before
    remote_store.pull(tmp_path / "second", url, print)
    kept = {path.stat().st_mtime_ns for path in (tmp_path / "second").rglob("*") if path.is_file()}
    assert set(before.values()) <= kept  # no byte came twice
    assert all(store.finished(plan) for plan in runs_in(tmp_path / "second"))


def test_other_bytes_than_were_sent_never_get_a_name(url, tmp_path):
    damaged = next(path for path in Path(url).glob("objects/*/*") if path.read_bytes() == b"scores")
    damaged.write_bytes(b"Scores")
    with pytest.raises(remote_store.Refused, match="scores.npz came with other bytes"):
        remote_store.pull(tmp_path / "second", url, print)
    assert b"Scores" not in content(tmp_path / "second").values()
    assert not any(store.finished(plan) for plan in runs_in(tmp_path / "second"))


def test_a_run_whose_manifest_disagrees_is_refused(url, tmp_path):
    path = next(Path(url).glob("lists/runs/*/*.json"))
    files = json.loads(path.read_text())
    files["scores.npz"] = files["weights.npz"]
    path.write_text(json.dumps(files))
    with pytest.raises(remote_store.Refused, match="is not the run that was sent"):
        remote_store.pull(tmp_path / "second", url, print)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("runs/cell/name", lambda files: {"../../x": next(iter(files.values()))}),
        ("runs/cell/name", lambda files: {"/x": next(iter(files.values()))}),
        ("runs/cell/name", lambda files: {"x": {"sha256": "../../../etc/passwd", "bytes": 1}}),
        ("runs/cell/name", lambda files: ["x"]),
        ("actors", lambda files: {"params.yaml": next(iter(files.values()))}),
        ("actors/raw", lambda files: {"clips/../../../x": next(iter(files.values()))}),
        ("actors/features/x", lambda files: {"clips/x": next(iter(files.values()))}),
        ("runs/cell", lambda files: files),
        ("elsewhere/code/x", lambda files: files),
    ],
)
def test_a_list_that_leads_elsewhere_is_refused(part, change, url, tmp_path):
    files = json.loads(next(Path(url).glob("lists/runs/*/*.json")).read_text())
    path = Path(url) / "lists" / f"{part}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(change(files)))
    with pytest.raises(remote_store.Refused, match="refused"):
        remote_store.pull(tmp_path / "second", url, print)
    assert not (tmp_path / "x").exists()


def test_an_index_of_ones_own_stays(url, tmp_path):
    own = tmp_path / "second" / "actors" / "index.csv"
    own.parent.mkdir(parents=True)
    own.write_text("mine\n")
    told = []
    remote_store.pull(tmp_path / "second", url, told.append)
    assert own.read_text() == "mine\n" and "actors: index.csv here is another than there, and stays." in told


@pytest.mark.parametrize("first", ["index.csv", ".index.csv.sha256"])
def test_a_data_set_of_which_half_was_fetched_is_fetched_whole(here, url, tmp_path, first):
    second, told = tmp_path / "second" / "actors", []
    second.mkdir(parents=True)
    (second / first).write_bytes((here / "actors" / first).read_bytes())
    remote_store.pull(tmp_path / "second", url, told.append)
    assert (second / "index.csv").read_text() == "clip\n" and not any("stays" in line for line in told)
    assert (second / ".index.csv.sha256").read_text() == "seal"
    assert remote_store.pull(tmp_path / "second", url, told.append) == 0


def test_a_damaged_list_is_written_anew_by_a_push(here, url, tmp_path):
    (Path(url) / "lists" / "actors.json").write_text("{")
    with pytest.raises(remote_store.Refused, match="push that part again"):
        remote_store.pull(tmp_path / "second", url, print)
    assert remote_store.push(here, url, print) == 1
    remote_store.pull(tmp_path / "second", url, print)
    assert (tmp_path / "second" / "actors" / "index.csv").is_file()


def write_weights(store, **contents):
    """Weights of backbones with their seals, as `vidattn data weights` leaves them."""
    for name, content in contents.items():
        seal.write(store / "weights" / f"{name}.npz", content)


def test_weights_of_several_machines_stand_beside_each_other(here, url, tmp_path):
    second, third, told = tmp_path / "second", tmp_path / "third", []
    write_weights(here, tiny="a", resnet10="b")
    write_weights(second, mobilenet_v2="c")
    assert [remote_store.push(place, url, print) for place in (here, second)] == [1, 1]
    assert [remote_store.push(place, url, print) for place in (here, second)] == [0, 0]
    (second / "weights" / "tiny.npz").write_text("a")  # a fetch that was stopped
    (second / "weights" / "note.part").write_text("no weights")
    remote_store.pull(second, url, told.append)
    remote_store.pull(third, url, told.append)
    for place in (second, third):
        for name, content in (("tiny", "a"), ("resnet10", "b"), ("mobilenet_v2", "c")):
            path = place / "weights" / f"{name}.npz"
            assert path.read_text() == content and seal.beside(path).is_file() and not seal.broken(path)
    assert not any("stays" in line for line in told)
    assert remote_store.pull(third, url, told.append) == 0


@pytest.mark.parametrize("own", ["tiny.npz", "tiny.weights.h5"])
def test_weights_of_ones_own_stay_with_their_seal_and_the_others_come(here, url, tmp_path, own):
    second, told = tmp_path / "second", []
    write_weights(here, tiny="a", resnet10="b")
    remote_store.push(here, url, print)
    (second / "weights").mkdir(parents=True)
    (second / "weights" / own).write_text("z")  # as large as the one there, and without a seal
    remote_store.pull(second, url, told.append)
    assert {path.name for path in (second / "weights").iterdir()} == {
        *(own, "resnet10.npz", ".resnet10.npz.sha256")
    }
    assert (second / "weights" / own).read_text() == "z"
    assert f"weights: {own} here is another than there, and stays." in told
    assert remote_store.push(second, url, print) == 1  # of a backbone, those sent last
    remote_store.pull(tmp_path / "third", url, print)
    assert [path.name for path in (tmp_path / "third" / "weights").glob("tiny*")] == [own]


@pytest.mark.parametrize(
    ("url", "message"),
    [("nothing://x", "cannot be opened"), ("s3://x/y", "cannot be"), ("empty", "holds no store")],
)
def test_an_address_without_a_store_is_one_line(url, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if url.startswith("s3"):
        monkeypatch.setitem(__import__("sys").modules, "s3fs", None)  # not installed
    with pytest.raises((RuntimeError, OSError), match=message):
        remote_store.pull(tmp_path / "second", url, print)
