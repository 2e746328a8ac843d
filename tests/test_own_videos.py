"""A newcomer's path: own clips, two cells, a comparison, predictions, a model taken away, from one folder."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from clips import moving, write_video

from vidattn.bench.cli.parser import main
from vidattn.bench.deploy.classifier import load
from vidattn.bench.results import seals
from vidattn.bench.system import digests

ROOT = Path(__file__).resolve().parents[1]
NONE, CBAM = (f"mine-tiny-{attention}-frame_average-clean" for attention in ("none", "cbam"))
FUSED = "mine-tiny-none-two_stream-clean"


def vidattn(*words: str) -> int:
    """Exit status of a command in this process."""
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    return end.value.code or 0


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with params.yaml and clips of two kinds of movement, three groups of two in each class."""
    home = tmp_path_factory.mktemp("own")
    for number in range(12):
        label, group, part = ("left", "right")[number // 6], number % 6 // 2, number % 2
        frames = moving(number, 12, 32, (2 - 4 * (number // 6), 0))
        write_video(home / "clips" / label / f"v_p{label[0]}{group}_{part}.avi", frames)
    text = (ROOT / "params.yaml").read_text()
    raw = yaml.safe_load(text)
    raw["protocols"]["clean"] |= {"epochs": 1, "frames": 4, "size": 32}
    raw["compare"] |= {"contrasts": []}
    (home / "params.yaml").write_text("# a comment that stays\n" + yaml.safe_dump(raw, sort_keys=False))
    return home


@pytest.fixture
def here(home, monkeypatch):
    monkeypatch.chdir(home)
    return home


@pytest.fixture(scope="module")
def trained(home):
    """The two cells, trained on one fold each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        assert vidattn("data", "add", "mine", "clips", "--pattern", "_(p[a-z][0-9])_", "--folds", 3) == 0
        assert vidattn("data", "prepare", "mine", "--suite", "mine") == 0
        for cell in (NONE, CBAM):
            assert vidattn("run", cell, "--fold", 1) == 0
    return home


def test_adding_writes_a_list_an_entry_and_a_suite_and_changes_nothing_else(here, trained):
    text = (here / "params.yaml").read_text()
    raw = yaml.safe_load(text)
    assert raw["datasets"]["mine"].items() >= {"plugin": "folder", "clips": "lists/mine.csv"}.items()
    assert raw["suites"]["mine"][0]["folds"] == [1, 2, 3] and text.startswith("# a comment that stays")
    before = (here / "lists" / "mine.csv").read_bytes()
    assert vidattn("data", "add", "mine", "clips", "--pattern", "_(p[a-z][0-9])_", "--folds", 3) == 0
    assert (here / "params.yaml").read_text() == text and (here / "lists" / "mine.csv").read_bytes() == before


def test_what_cannot_be_added_leaves_nothing(here, capsys):
    text = (here / "params.yaml").read_text()
    (here / "empty").mkdir(exist_ok=True)
    for words in (("other", "empty"), ("ucf101", "clips"), ("other", "nowhere"), ("Other", "clips")):
        status = vidattn("data", "add", *words)
        assert isinstance(status, str) and "\n" not in status
    assert (here / "params.yaml").read_text() == text and not (here / "lists" / "other.csv").exists()


def test_what_is_doubtful_is_told_and_a_list_names_its_folder_without_detours(home, here, capsys):
    junk = here / "doubtful"
    shutil.copytree(here / "clips", junk)
    (junk / "up").mkdir()
    (junk / "left" / "broken.mp4").write_bytes(b"no video")
    text = (here / "params.yaml").read_text()
    assert vidattn("data", "add", "doubtful", "clips/../doubtful", "--folds", 7) == 0
    told = capsys.readouterr().err
    assert (
        "Folders without a clip: up." in told and "cannot be read, and will not be used: left/broken" in told
    )
    assert "Some folds test no clip of right" in told and "Every clip is a group of its own" in told
    assert "\n  doubtful: {plugin: folder, folder: '" + str(junk) in (here / "params.yaml").read_text()
    (here / "params.yaml").write_text(text)


def test_a_run_ends_with_the_difference_to_its_control(trained, here, capsys):
    assert vidattn("run", CBAM, "--fold", 1) == 0
    told = capsys.readouterr().out
    assert f"of {CBAM}, mean of 1 run" in told and f"against {NONE}" in told
    assert vidattn("run", NONE, "--fold", 1) == 0
    assert "cells with one are measured against it" in capsys.readouterr().out
    assert vidattn("compare", CBAM, NONE) == 0
    assert "difference" in capsys.readouterr().out
    assert vidattn("show", CBAM) == 0
    told = capsys.readouterr().out
    assert f"results/records/{CBAM}/1-0.json" in told
    assert "top5" not in told  # of two classes it says nothing


def test_an_identical_rerun_leaves_what_git_tracks_as_it_was(trained, here):
    kept = [
        here / "results" / kind / NONE / f"1-0.{end}"
        for kind, end in (("records", "json"), ("predictions", "csv"))
    ]
    before = [path.read_bytes() for path in kept]
    shutil.rmtree(here / "data" / "store" / "runs" / NONE)
    assert vidattn("run", NONE, "--fold", 1) == 0
    assert [path.read_bytes() for path in kept] == before
    timing = json.loads((here / "results" / "timings" / NONE / "1-0.json").read_text())
    assert {"train_seconds", "peak_memory_mb", "git_commit"} <= timing.keys()
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert "/results/timings/" in ignored and "/results/report.html" in ignored


def test_videos_are_predicted_as_they_were_in_testing(trained, here, capsys):
    assert vidattn("predict", CBAM, "clips", "--fold", 1, "--top", 2, "--format", "json") == 0
    rows = json.loads(capsys.readouterr().out)
    found = {Path(row["file"]).stem: row for row in rows if row["rank"] == 1}
    stored = (here / "results" / "predictions" / CBAM / "1-0.csv").read_text().splitlines()[1:]
    tested = {line.split(",")[0].split("_", 1)[1]: line.split(",") for line in stored}
    assert len(found) == 12 and len(tested) == 4
    for clip, line in tested.items():
        assert found[clip]["class"] == line[3]
        assert found[clip]["probability"] == pytest.approx(float(line[5]), abs=2e-4)


def test_a_file_that_is_no_video(trained, here):
    status = vidattn("predict", CBAM, "params.yaml", "--fold", 1)
    assert "params.yaml is no video" in status and "\n" not in status
    cv2.imwrite("still.png", np.zeros((32, 32, 3), np.uint8))
    status = vidattn("predict", CBAM, "still.png", "--fold", 1)
    assert "still.png is a picture" in status and "\n" not in status


def test_a_video_of_each_folder_has_a_picture_and_one_whose_name_is_no_text_is_told(trained, here, capsys):
    clip = next((here / "clips" / "left").iterdir())
    for name in ("a/1.avi", "b/1.avi", "b/1.mp4", "b/2.v.avi"):
        (here / "given" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(clip, here / "given" / name)
    assert vidattn("predict", CBAM, "given", "--fold", 1, "--overlay", "seen") == 0
    drawn = {path.relative_to("seen").as_posix() for path in Path("seen").rglob("*.png")}
    assert drawn == {"a/1.png", "b/1.avi.png", "b/1.mp4.png", "b/2.v.png"}
    told = capsys.readouterr().out.splitlines()[-4:]
    assert told == ["seen/a/1.png", "seen/b/1.avi.png", "seen/b/1.mp4.png", "seen/b/2.v.png"]
    assert vidattn("predict", CBAM, "given/a/1.avi", "--fold", 1, "--overlay", "one") == 0
    assert [path.name for path in Path("one").iterdir()] == ["1.png"]
    (here / "given" / "a" / "1.avi").rename(here / "given" / "a" / "\udcff.avi")
    assert vidattn("predict", CBAM, "given", "--fold", 1) == 1
    assert "'given/a/\\udcff.avi' is a name in no UTF-8" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name, told", [("nowhere", "There is nothing at nowhere"), ("none", "No video in none")]
)
def test_what_is_not_there_is_said_before_a_model_is_loaded(trained, here, monkeypatch, name, told):
    Path("none").mkdir(exist_ok=True)
    monkeypatch.setattr("vidattn.bench.deploy.trained.load", None)
    status = vidattn("predict", CBAM, name, "--fold", 1)
    assert told in status and "\n" not in status


def test_a_model_reloads_in_a_fresh_process_with_the_same_numbers(trained, here, capsys):
    assert "params.yaml is a file" in vidattn("export", CBAM, "params.yaml", "--fold", 1)
    assert vidattn("export", CBAM, "taken", "--fold", 1) == 0
    card = (here / "taken" / "card.md").read_text()
    capsys.readouterr()
    assert vidattn("show", CBAM) == 0
    shown = capsys.readouterr().out.splitlines()[1].partition("top1 ")[2].partition("  ")[0]
    assert f"Top-1 {shown}, the mean of" in card and "95 % interval" in card
    clip = sorted((here / "clips" / "left").iterdir())[0].resolve()
    capsys.readouterr()
    assert vidattn("predict", CBAM, clip, "--fold", 1, "--format", "json") == 0
    expected = {row["class"]: row["probability"] for row in json.loads(capsys.readouterr().out)}
    script = (
        "import keras, json, vidattn.models.saved\n"
        "from vidattn.bench.deploy.classifier import load\n"
        f"made = load({str(here / 'taken')!r})\n"
        f"keras.saving.load_model({str(here / 'taken' / 'model.keras')!r}, compile=False)\n"
        f"print(json.dumps(made.predict({str(clip)!r})))\n"
    )
    away = here.parent / "elsewhere"
    away.mkdir(exist_ok=True)
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=away, capture_output=True, text=True, check=True
    )
    again = dict(json.loads(told.stdout.splitlines()[-1]))
    assert again.keys() == expected.keys()
    assert np.allclose([again[name] for name in expected], list(expected.values()), atol=1e-4)
    damaged(here / "taken")


def damaged(folder: Path) -> None:
    """An exported model of which a byte changed, or its facts, is named and not used."""
    model, facts = folder / "model.keras", folder / "model.json"
    whole = bytearray(model.read_bytes())
    whole[len(whole) // 2] ^= 1
    model.write_bytes(whole)
    with pytest.raises(ValueError, match="model.keras has other bytes than were exported. Export it again"):
        load(folder)
    facts.write_bytes(facts.read_bytes()[:-3])
    with pytest.raises(ValueError, match="model.json is no readable JSON .*Export it again"):
        load(folder)


def test_an_export_of_what_was_never_trained(trained, here):
    status = vidattn("export", NONE, "taken2", "--fold", 2)
    assert "vidattn run" in status and not (here / "taken2").exists()


@pytest.fixture(scope="module")
def moving_cells(home, trained):
    """A stream of flow and its fusion with frames, trained on one fold."""
    text = (home / "params.yaml").read_text()
    added = (
        "suites:\n  moving:\n  - {dataset: [mine], backbone: [tiny], attention: [none], protocol: [clean], "
        "architecture: [temporal_stream, two_stream], folds: [1], seeds: [0]}\n"
    )
    (home / "params.yaml").write_text(text.replace("suites:\n", added, 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        assert vidattn("data", "prepare", "mine", "--suite", "moving") == 0
        assert vidattn("run", FUSED, "--fold", 1) == 0
    yield
    (home / "params.yaml").write_text(text)


@pytest.mark.parametrize("stream", ["temporal_stream", "two_stream"])
def test_flow_is_computed_of_what_is_predicted_as_it_was_in_testing(moving_cells, here, capsys, stream):
    cell = FUSED.replace("two_stream", stream)
    if stream != "two_stream":
        assert vidattn("run", cell, "--fold", 1) == 0
    capsys.readouterr()
    assert vidattn("predict", cell, "clips", "--fold", 1, "--top", 2, "--format", "json") == 0
    rows = json.loads(capsys.readouterr().out)
    found = {Path(row["file"]).stem: row for row in rows if row["rank"] == 1}
    stored = (here / "results" / "predictions" / cell / "1-0.csv").read_text().splitlines()[1:]
    tested = {line.split(",")[0].split("_", 1)[1]: line.split(",") for line in stored}
    assert len(tested) == 4
    for clip, line in tested.items():
        assert found[clip]["class"] == line[3]
        assert found[clip]["probability"] == pytest.approx(float(line[5]), abs=2e-4)
    assert vidattn("export", cell, f"taken_{stream}", "--fold", 1) == 0
    made = load(here / f"taken_{stream}")
    clip = next(row["file"] for row in rows)
    again = dict(made.predict(clip))
    expected = {row["class"]: row["probability"] for row in rows if row["file"] == clip}
    assert {name: pytest.approx(value, abs=2e-4) for name, value in again.items()} == expected
    card = (here / f"taken_{stream}" / "card.md").read_text()
    assert "stacks of" in card and ("RGB frames" in card) == (stream == "two_stream")


@pytest.fixture(scope="module")
def submitted(home, trained):
    """The submission of CBAM on these clips, trained by a process of the pool, as those of a grid are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        assert vidattn("submission", "cbam", "--suite", "mine", "--seeds", 1) == 0
    return home / "submissions" / "cbam"


def test_a_submission_holds_the_suite_with_and_without_the_attention(submitted, here, capsys):
    assert {path.name for path in submitted.iterdir()} == {
        *("records", "predictions", "attention.py", "submission.json", "README.md")
    }
    for kind in ("records", "predictions"):
        assert {path.name: len(list(path.iterdir())) for path in (submitted / kind).iterdir()} == {
            NONE: 3,
            CBAM: 3,
        }
    assert [path.name for path in submitted.parent.iterdir()] == ["cbam"]
    assert vidattn("submission", "cbam", "--verify", "--rerun", 1) == 0
    assert "0 faults in 6 runs, 1 of them run again" in capsys.readouterr().out


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


TAMPERED = {
    "attention.py": (lambda s: edit(s / "attention.py", "\n", "\n\n"), "is not"),
    "submission.json": (
        lambda s: edit(s / "submission.json", '"arguments": {', '"arguments": {"r": 2'),
        "params",
    ),
    "README.md": (
        lambda s: edit(s / "README.md", "difference +", "difference +1"),
        "not what the records say",
    ),
    "record": (
        lambda s: edit(s / "records" / CBAM / "1-0.json", '"top1": ', '"top1": 0.1, "was": '),
        "another thing than its predictions",
    ),
    "missing": (lambda s: (s / "records" / NONE / "2-0.json").unlink(), "is missing"),
    "more": (
        lambda s: shutil.copy(s / "predictions" / NONE / "2-0.csv", s / "predictions" / NONE / "2-9.csv"),
        "of no run that is asked for",
    ),
    "other clips": (
        lambda s: edit(s / "predictions" / CBAM / "3-0.csv", "\nleft", "\nLeft"),
        "other clips than the others of fold 3",
    ),
    "other code": (
        lambda s: edit(s / "records" / CBAM / "2-0.json", '"code": "', '"code": "0'),
        "made by other code",
    ),
    "not sealed": (lambda s: made_up(s / "predictions" / CBAM), "another thing than its predictions"),
    # the confidence of a prediction enters no metric: only a rerun can tell
    "made up": (lambda s: made_up(s / "predictions" / CBAM), "with other predictions"),
}


def sealed_again(folder: Path) -> None:
    """What who tampers can do: a seal holds bad disks off, and is nobody's signature."""
    for path in (folder / "records").glob("*/*.json"):
        predictions = (folder / "predictions" / path.parent.name / f"{path.stem}.csv").read_bytes()
        path.write_text(digests.json_text(seals.sealed(json.loads(path.read_text()), predictions)))


def made_up(folder: Path) -> None:
    for path in folder.iterdir():
        path.write_text(path.read_text().replace(",0.", ",0.1"))


@pytest.mark.parametrize("name", TAMPERED)
def test_a_submission_that_was_tampered_with(submitted, here, capsys, tmp_path, name):
    tamper, told = TAMPERED[name]
    shutil.copytree(submitted, tmp_path / "kept")
    try:
        tamper(submitted)
        if name != "not sealed":
            sealed_again(submitted)
        assert vidattn("submission", "cbam", "--verify", "--rerun", 1 if name == "made up" else 0) == 1
    finally:
        shutil.rmtree(submitted)
        shutil.copytree(tmp_path / "kept", submitted)
    lines = capsys.readouterr().out.splitlines()
    assert any(told in line for line in lines[:-1]) and "\n" not in lines[-1], lines


def test_what_cannot_be_submitted(trained, here):
    for words in (("cbm",), ("none",), ("cbam", "--suite", "icip_conv3d_"), ("se", "--verify")):
        status = vidattn("submission", *words)
        assert isinstance(status, str) and "\n" not in status
    assert not (here / "submissions" / "se").exists()
