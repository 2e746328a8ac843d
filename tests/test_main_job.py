"""The main job in small, in a copy of the project: data, training, tables, a new attention as one file."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import settings

ROOT = Path(__file__).resolve().parent.parent
CLASSES = ["hold_ball", "hold_box", "lower", "raise"]
MINE = '''"""A gate on channels, dropped in by a test."""

import keras

from vidattn.models.attention import Attention


def attention(ratio: int = 4) -> Attention:
    """The hooks."""

    def refine(x, stage):
        gate = keras.layers.GlobalAveragePooling2D(keepdims=True)(x)
        gate = keras.layers.Dense(x.shape[-1], activation="sigmoid", name=f"{stage}_mine")(gate)
        return keras.layers.Multiply()([x, gate])

    return Attention(refine=refine)
'''

SEVERAL = """\
import contextlib, io, json, shutil, sys
from vidattn.bench.cli.parser import main

ends = []
for words in json.loads(sys.argv[1]):
    told, printed = io.StringIO(), io.StringIO()
    with contextlib.redirect_stderr(told), contextlib.redirect_stdout(printed):
        try:
            if words[0] == "move":
                shutil.move(*words[1:])
                sys.exit()
            main(words)
        except SystemExit as end:
            if isinstance(end.code, str):
                told.write(end.code)
            ends.append({"status": end.code or 0, "stderr": told.getvalue(), "stdout": printed.getvalue()})
print(json.dumps(ends))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A copy of the project with a small suite and the attention `mine`."""
    home = tmp_path_factory.mktemp("project")
    for top in ("bench", "models", "data"):
        shutil.copytree(
            ROOT / top, home / "vidattn" / top, ignore=shutil.ignore_patterns("store", "__pycache__")
        )
    shutil.copytree(ROOT / "results" / "published", home / "results" / "published")
    (home / "vidattn" / "models" / "attention" / "mine.py").write_text(MINE)
    raw = settings.raw()
    block = {"dataset": ["actors"], "backbone": ["tiny"], "protocol": ["clean"], "seeds": [0]}
    folds = {"temporal_stream": [1, 2], "frame_average": [1], "two_stream": [1]}
    raw["suites"] = {
        "small": [
            {**block, "attention": ["none", "mine"], "architecture": [name], "folds": numbers}
            for name, numbers in folds.items()
        ]
    }
    raw |= {
        "suite": "small",
        "tables": ["demo_grid"],
        "attention": {**raw["attention"], "mine": {"ratio": 2}},
    }
    few = {"classes": CLASSES, "groups": 6, "clips_per_group": 1}
    raw["datasets"]["actors"] |= {**few, "size": 32, "frames": 16}
    raw["protocols"]["clean"] |= {"epochs": 2, "frames": 6, "size": 32}
    raw["flows"]["consecutive"] |= {"method": "dis", "length": 2, "settings": {}}
    raw["compare"]["contrasts"] = []
    settings.write(raw, home)
    return home


def vidattn(project: Path, *words: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(project), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", "from vidattn.bench.cli.parser import main; main()", *words]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)


def one_process(project: Path, commands: list[tuple[str, ...]]) -> list[dict]:
    """How each command ends and what it says, one after the other in a process that imports all once.

    Beside those of vidattn, `move` takes a path away.
    """
    environment = {**os.environ, "PYTHONPATH": str(project), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", SEVERAL, json.dumps(commands)]
    made = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout.splitlines()[-1])


TWICE = "actors-tiny-mine-temporal_stream-clean"
MADE = {
    f"results/{kind}/{TWICE}/1-0{end}": f"first{end}"
    for kind, end in (("records", ".json"), ("predictions", ".csv"))
}
SHEET = ("explain", "actors-tiny-none-frame_average-clean", "--count", "2")
MISTAKES = {
    "Did you mean 'cbam'": ("run", "actors-tiny-cmab-frame_average-clean"),
    "no official fold 9": ("run", "actors-tiny-none-frame_average-clean", "--fold", "9"),
    "Did you mean 'actors'": ("data", "frames", "actos"),
    "needs the name of a data set": ("data", "frames"),
    "Did you mean 'small'": ("tables", "--suite", "smal"),
    "import": ("data", "fetch", "hmdb51"),
    "is no test clip": ("explain", "actors-tiny-none-frame_average-clean", "--clip", "a"),
}


@pytest.fixture(scope="module")
def ends(project) -> dict[tuple, dict]:
    """How the commands of the main job end, and the mistakes after it."""
    prepared, listed = one_process(project, [("data", "prepare", "actors"), ("grid",)])
    assert prepared["status"] == listed["status"] == 0, (prepared, listed)
    made = vidattn(project, "grid", "--jobs", "1")
    assert made.returncode == 0, made.stderr
    cells = [("run", word) for word in listed["stdout"].split() if word.startswith("actors")]
    (first,) = (project / "data" / "store" / "runs" / TWICE).glob("1-0-*")
    again = [("move", str(first), "first"), *(("move", *paths) for paths in MADE.items())]
    good = [*cells, *again, ("run", TWICE, "--fold", "1"), ("tables",), SHEET]
    found = one_process(project, [*good, *MISTAKES.values()])
    assert len(cells) == 6 and [end["status"] for end in found[: len(good)]] == [0] * len(good), found
    return dict(zip([*good, *MISTAKES.values()], found, strict=True))


@pytest.fixture(scope="module")
def done(project, ends) -> Path:
    """The project after the main job."""
    return project


@pytest.fixture(scope="module")
def scored(done) -> Path:
    """The project after all maps were scored."""
    made = vidattn(done, "explain", "--scores")
    assert made.returncode == 0, made.stderr
    return done


def test_a_new_attention_trains_and_stands_in_the_table(done):
    table = pd.read_csv(done / "results" / "tables" / "demo_grid.csv")
    mine = table[table["attention"] == "mine"].set_index("architecture")
    none = table[table["attention"] == "none"].set_index("architecture")
    assert set(mine.index) == {"frame_average", "temporal_stream", "two_stream"}
    assert mine["top1"].notna().all()
    assert (mine["parameters"] > none["parameters"]).all()


def test_records_say_where_the_numbers_come_from(done):
    cell = "actors-tiny-mine-temporal_stream-clean"
    record = json.loads((done / f"results/records/{cell}/2-0.json").read_text())
    assert record["n"] == record["n_official"] == 8
    assert record["leaks"] == {"clips": 0, "groups": 0, "duplicates": 0}
    assert record["protocol"]["kind"] == "clean"
    assert record["weights"] == "random"
    assert len(record["history"]["loss"]) == record["epochs"] == 2
    assert {"keras", "numpy", "python"} <= set(record["versions"])
    predictions = pd.read_csv(done / f"results/predictions/{cell}/2-0.csv")
    assert len(predictions) == 8
    assert record["metrics"]["top1"] == pytest.approx((predictions["rank"] <= 1).mean(), abs=1e-6)


@pytest.mark.battery  # a smaller set is scored in tests/bench/explain/test_score_cells.py
def test_maps_of_the_new_cells_are_scored_against_the_truth(scored):
    fused = json.loads((scored / "results/explain/actors-tiny-mine-two_stream-clean.json").read_text())
    joined = fused["maps"]["grad_cam"]
    assert joined["scores"]["mass"]["n"] == 8 and "sanity" not in joined  # one fold of RGB
    found = json.loads((scored / "results/explain/actors-tiny-mine-temporal_stream-clean.json").read_text())
    mass = found["maps"]["grad_cam"]["scores"]["mass"]
    assert (found["folds"], mass["n"]) == (2, 16)
    assert 0 < mass["baselines"]["area"]["value"] < 0.5


def test_a_sheet_of_a_finished_run(done, ends):
    name = ends[SHEET]["stdout"].strip()
    assert (done / name).read_bytes().startswith(b"\x89PNG")
    assert name.startswith("explain_actors-tiny-none-frame_average-clean-1-0")


def test_a_second_training_of_a_run_gives_the_same_bytes(done):
    """The first was in a worker of the grid; it was moved away, with what was made of it."""
    (second,) = (done / "data" / "store" / "runs" / TWICE).glob("1-0-*")
    assert (done / "first").is_dir() and second.is_dir()
    for path, first in MADE.items():
        assert (done / path).read_bytes() == (done / first).read_bytes()


def test_bad_input_is_one_clear_line(ends):
    for said, words in MISTAKES.items():
        end = ends[words]
        assert end["status"] != 0 and said in end["stderr"], end
        assert len([line for line in end["stderr"].splitlines() if line.strip()]) == 1, end
