"""The list of one's own clips is the one that was added, or is refused: it decides who is tested on what."""

from types import SimpleNamespace

import pytest

from vidattn.bench.config.errors import ParamsError
from vidattn.bench.plan import own_dataset
from vidattn.bench.system import digests

TEXT = "clip,path,label,group,fold\nc1,a/c1.avi,a,g1,1\nc2,b/c2.avi,b,g2,2\n"


@pytest.fixture
def params(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(TEXT)
    entry = {"plugin": "folder", "folder": "clips", "clips": str(path), "digest": digests.digest(TEXT)}
    return SimpleNamespace(datasets={"mine": entry, "actors": {}})


@pytest.mark.parametrize("content", [TEXT.replace("g2,2", "g2,1").encode(), TEXT[:50].encode(), b"\xff"])
def test_another_list_than_the_one_that_was_added(params, tmp_path, content):
    for name in params.datasets:
        own_dataset.check_list(name, params)
    (tmp_path / "mine.csv").write_bytes(content)
    with pytest.raises(ParamsError, match="mine.csv is not the list .*data add mine clips --list"):
        own_dataset.check_list("mine", params)
