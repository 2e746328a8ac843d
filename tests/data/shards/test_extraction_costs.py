import math
import os
from functools import partial

from clips import write_dataset

from vidattn.data.extract import frames
from vidattn.data.shards import costs


def test_an_extraction_is_noted_once_and_beside_its_store(tmp_path):
    write_dataset(tmp_path, "set", 2)
    home, make = tmp_path / "set", partial(frames.extract, "set", tmp_path, frames=4, size=16, workers=1)
    [path], [said] = costs.measured(home, make)
    assert said.startswith(str(path)) and said.endswith(" CPU s")
    assert costs.noted(home) == round(costs.noted(home), 1) >= 0
    assert not (path / costs.FILE).exists() and len((home / costs.FILE).read_text().splitlines()) == 1
    os.utime(path / "index.json", (0, 0))  # finished long ago
    assert "CPU" not in costs.measured(home, make)[1][0]
    assert len((home / costs.FILE).read_text().splitlines()) == 1


def test_the_last_note_of_a_store_counts_and_cut_lines_do_not(tmp_path):
    (tmp_path / "flow/a").mkdir(parents=True)
    lines = ['{"store": "flow/a", "cpu_seconds": 2.5}', '{"store": "flow/a", "cpu_seconds": 1.5}']
    lines += ['{"store": "flow/gone", "cpu_seconds": 9}', '{"store": "fl']
    (tmp_path / costs.FILE).write_text("\n".join(lines))
    assert costs.noted(tmp_path) == 1.5
    assert math.isnan(costs.noted(tmp_path / "none"))


def test_the_cost_of_one_pass_is_shared_out(tmp_path):
    write_dataset(tmp_path, "set", 2)
    home = tmp_path / "set"
    wanted = [{"sampling": "uniform", "frames": 4, "size": size} for size in (16, 8)]
    old = frames.extract("set", tmp_path, frames=2, size=8, workers=1)
    os.utime(old / "index.json", (0, 0))
    make = partial(frames.extract_all, "set", tmp_path, [*wanted, {**wanted[1], "frames": 2}], workers=1)
    paths, said = costs.measured(home, make)
    assert [line.endswith("for 2 stores in one pass") for line in said] == [True, True, False]
    notes = (home / costs.FILE).read_text()
    assert all(path.name in notes for path in paths[:2]) and old.name not in notes
