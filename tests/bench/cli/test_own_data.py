"""One's own clips on the command line: what is added or refused, whose truth is brought, what is sent."""

import shlex
from pathlib import Path

import cv2
import pytest
from clips import moving, write_video

from vidattn.bench.cli.parser import main
from vidattn.bench.config import load

ROOT = Path(__file__).resolve().parents[3]
BOXES = "clip,frame,x0,y0,x1,y1\nleft_0,0,1,1,9,9\nleft_0,1,1,1,9,9\n"


def vidattn(*words: str) -> int | str:
    """Exit status of a command in this process, or the line that it ends with."""
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    return end.value.code or 0


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with params.yaml and two clips of two classes."""
    for number in range(4):
        label = ("left", "right")[number // 2]
        write_video(tmp_path / "clips" / label / f"{number % 2}.avi", moving(number, 12, 32))
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def added(here):
    """The same with the data set in its index."""
    assert vidattn("data", "add", "mine", "clips", "--folds", 2) == 0
    for action in ("fetch", "index"):
        assert vidattn("data", action, "mine", "--suite", "mine") == 0
    return here


@pytest.mark.parametrize("name", ["Bob's clips", "a, {b}: #c", 'two "quoted" \\n', "клипы"])
def test_a_folder_may_have_any_name_of_a_line(here, name):
    (here / "clips").rename(here / name)
    for _ in range(2):  # the second takes the place of the first
        assert vidattn("data", "add", "mine", name, "--folds", 2) == 0
    assert load.load().datasets["mine"]["folder"] == str(here / name)
    assert vidattn("data", "fetch", "mine", "--suite", "mine") == 0
    (here / "lists" / "mine.csv").write_text("clip\n")
    told = vidattn("data", "fetch", "mine", "--suite", "mine")
    assert f"vidattn data add mine {shlex.quote(str(here / name))} --list" in told


REFUSED = {
    **dict.fromkeys(
        ("no", "on", "null", "2024", "1e3", "1_000", "0x1f", "0o17"), "YAML does not read it as text"
    ),
    **dict.fromkeys(("demo", "icip"), "There is a suite"),
    **dict.fromkeys(("runs", "weights"), "The store has a folder"),
    "actors": "There is a data set",
    "permuted": "cannot have the name of the plug-in permuted.py",
    "My": "is no name of a data set",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_is_refused_leaves_nothing(here, name):
    before = (here / "params.yaml").read_bytes()
    told = vidattn("data", "add", name, "clips", "--folds", 2)
    assert REFUSED[name] in told and "\n" not in told
    assert (here / "params.yaml").read_bytes() == before and not list(here.glob("lists/*"))


@pytest.mark.parametrize("name", ["two\nlines", "\udcff"])
def test_a_folder_that_params_yaml_cannot_name(here, name):
    (here / "clips").rename(here / name)
    told = vidattn("data", "add", "mine", name, "--folds", 2)
    assert told.endswith("has characters that params.yaml cannot hold. Rename the folder.")
    assert "\n" not in told and "mine" not in load.load().datasets and not list(here.glob("lists/*"))


NO_TABLES = {
    b"": "is empty",
    b"\n": "is empty",
    b"\xff\xfe\x00": "is no csv in UTF-8",
    b'a,b\n1,2,3\n4,"': "is no csv",
}


@pytest.mark.parametrize("content", NO_TABLES)
def test_a_csv_that_is_none_is_named_with_its_columns(here, content):
    (here / "own.csv").write_bytes(content)
    for option, columns in (("--list", "path, label"), ("--groups", "path, group")):
        told = vidattn("data", "add", "mine", "clips", "--folds", 2, option, "own.csv")
        assert told.startswith(f"vidattn: own.csv {NO_TABLES[content]}") and "\n" not in told
        assert told.endswith(f". Expected a csv with {columns}.")


def test_a_clip_whose_name_is_no_text(here):
    """OpenCV ends the process, without a word, at such a path."""
    (here / "clips" / "left" / "0.avi").rename(here / "clips" / "left" / "\udcff.avi")
    for words in ((), ("--pattern", "(left|right)/.")):
        told = vidattn("data", "add", "mine", "clips", "--folds", 2, *words)
        assert told.endswith("has a name that is no UTF-8, 'left/\\udcff.avi'. Rename it.")


def test_an_entry_that_params_yaml_refuses_leaves_the_list_that_was(added):
    before = (added / "lists" / "mine.csv").read_bytes()
    text = (added / "params.yaml").read_text()
    (added / "params.yaml").write_text(text.replace("  mine: {plugin", "  mine:  {plugin"))  # not as written
    told = vidattn("data", "add", "mine", "clips", "--folds", 2, "--pattern", "(.*)")
    assert "params.yaml is left as it was: with 'mine' in it," in told and "'mine' stands twice" in told
    assert [path.read_bytes() for path in (added / "lists").iterdir()] == [before]


OTHER = "  - {dataset: [mine], backbone: [tiny], attention: [gated], architecture: [lstm], protocol: [clean]"
OTHER += ", folds: [1], seeds: [0]}\n"


def suite(here, before: str, after: str) -> str:
    """Change the suite that was added, as its owner would; the new text of params.yaml."""
    text = (here / "params.yaml").read_text()
    assert before in text
    (here / "params.yaml").write_text(text.replace(before, after, 1))
    return (here / "params.yaml").read_text()


def test_added_again_a_suite_keeps_what_its_owner_made_of_it(added, capsys):
    text = suite(added, "attention: [none, cbam]\n", "attention: [none, cbam, se]  # mine\n")
    capsys.readouterr()
    assert vidattn("data", "add", "mine", "clips", "--folds", 2) == 0
    assert "data set 'mine' in params.yaml replaced, its suite kept" in capsys.readouterr().out
    assert (added / "params.yaml").read_text() == text


@pytest.mark.parametrize("folds", ["folds: [1, 2]", "folds:\n    - 1\n    - 2", "folds: [1,\n      2]"])
def test_added_again_with_other_folds_a_suite_changes_in_these_alone(added, capsys, folds):
    """Two clips more make three folds; the data set of others keeps its own."""
    other = OTHER + OTHER.replace("[mine]", "[actors]")
    suite(added, "    folds: [1, 2]\n    seeds: [0]\n", f"    {folds}  # all\n    seeds: [0]\n{other}")
    for label in ("left", "right"):
        write_video(added / "clips" / label / "2.avi", moving(9, 12, 32))
    capsys.readouterr()
    assert vidattn("data", "add", "mine", "clips", "--folds", 3) == 0
    assert "replaced, its suite kept, with folds 1 to 3" in capsys.readouterr().out
    assert [grid.folds for grid in load.load().suites["mine"]] == [[1, 2, 3], [1, 2, 3], [1]]
    expected = "    folds: [1, 2, 3]  # all\n    seeds: [0]\n" + other.replace("[1]", "[1, 2, 3]", 1)
    assert expected in (added / "params.yaml").read_text()


CELLS = "mine-tiny-{}-frame_average-clean"


@pytest.mark.parametrize(
    ("grid", "shown"),
    [
        ("attention: [none, cbam]", ["none", "cbam"]),
        ("attention: [se, gated, none]", ["none", "se"]),  # the control first, wherever it stands
        ("attention: [se, gated]", ["se"]),
    ],
)
def test_a_cell_and_before_it_its_control_are_what_comes_next(added, capsys, grid, shown):
    """The second run ends with the difference to the first."""
    suite(added, "attention: [none, cbam]", grid)
    capsys.readouterr()
    assert vidattn("data", "add", "mine", "clips", "--folds", 2) == 0
    following = ["data prepare mine --suite mine", *(f"run {CELLS.format(name)}" for name in shown)]
    said = capsys.readouterr().out.splitlines()[1:]
    assert said == [f"{' ' * 6 if i else 'Next: '}vidattn {words}" for i, words in enumerate(following)]


def test_a_list_whose_folds_were_edited_changes_those_of_the_suite(added, capsys):
    path = added / "lists" / "mine.csv"
    path.write_text(path.read_text()[:-2] + "3\n")
    assert vidattn("data", "add", "mine", "clips", "--list", path) == 0
    assert load.load().suites["mine"][0].folds == [1, 2, 3]


def test_folds_that_stand_elsewhere_are_told_and_nothing_is_written(added):
    text = suite(added, "    folds: [1, 2]\n", "    <<: {folds: [1, 2]}\n")
    for label in ("left", "right"):
        write_video(added / "clips" / label / "2.avi", moving(9, 12, 32))
    told = vidattn("data", "add", "mine", "clips", "--folds", 3)
    assert told.endswith(
        "suites.mine: expected folds [1, 2, 3] of 'mine'. Write them there, then add it again."
    )
    assert (added / "params.yaml").read_text() == text


def test_pictures_in_the_place_of_videos_want_another_name(added):
    for path in sorted((added / "clips").glob("*/*.avi")):
        path.unlink()
        cv2.imwrite(str(path.with_suffix(".png")), moving(1, 1, 32)[0])
    told = vidattn("data", "add", "mine", "clips", "--folds", 2)
    assert (
        told
        == "vidattn: 'mine' was of kind video and is now of kind image, which its suite is not made for. "
        "Take another name, or delete suites.mine in params.yaml."
    )


def test_truth_of_ones_own_clips_is_brought(added, capsys):
    (added / "boxes.csv").write_text(BOXES)
    assert vidattn("data", "import", "mine", "boxes.csv", "--truth") == 0
    assert "mine: truth of 1 clips" in capsys.readouterr().out
    assert (added / "data/store/mine/truth/left_0.npz").is_file()


def test_ones_own_videos_are_sent_where_that_is_asked_alone(added):
    pytest.importorskip("fsspec", reason="the extra vidattn[store] is not installed")
    assert vidattn("store", "push", "there") == 0
    assert [path.name for path in (added / "there" / "lists").iterdir()] == ["mine.json"]
    assert vidattn("store", "push", "there", "--videos") == 0
    assert (added / "there" / "lists" / "mine" / "raw.json").is_file()
