"""One's own clips on the command line: what is added or refused, whose truth is brought, what is sent."""

from pathlib import Path

import pytest
from clips import moving, write_video

from vidattn.bench.cli.parser import main

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
