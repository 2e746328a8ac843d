"""How far a grid is, as another terminal sees it."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from vidattn.bench.runner import progress


def later(store, **notes):
    path = store / progress.NAME
    path.write_text(json.dumps({**json.loads(path.read_text()), **notes}))


def test_runs_that_ended_and_failed_are_counted_once_with_the_time_left(tmp_path):
    at_work = progress.Progress(tmp_path, 4, "local")
    assert progress.status_lines(tmp_path)[0] == "0 of 4 runs ended, 0 failed; engine local."
    at_work.ended("a", False)
    at_work.ended("b", True)
    later(tmp_path, seconds=20)
    first, failed, last = progress.status_lines(tmp_path)
    assert first == "2 of 4 runs ended, 1 failed; engine local."
    assert failed.endswith(f"b ({tmp_path / 'failed' / 'b'}.json)")
    assert last.startswith("It is at work") and last.endswith("about 20 s left.")
    at_work.ended("b", False)  # tried again
    at_work.ended("c", False)
    at_work.ended("d", False)
    first, last = progress.status_lines(tmp_path)
    assert first == "4 of 4 runs ended, 0 failed; engine local." and last.startswith("It is done")


def test_a_grid_whose_process_is_gone_was_stopped(tmp_path):
    progress.Progress(tmp_path, 4, "local")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    later(tmp_path, process=ended.pid)
    assert "The same command goes on" in progress.status_lines(tmp_path)[-1]
    later(tmp_path, host="another")  # of which nothing is known
    assert "It is at work" in progress.status_lines(tmp_path)[-1]


def test_without_a_grid_or_with_damaged_notes_it_says_so(tmp_path):
    assert "No grid was begun" in progress.status_lines(tmp_path)[0]
    (tmp_path / progress.NAME).write_text("{")
    assert "is damaged" in progress.status_lines(tmp_path)[0]


def test_runs_that_end_in_many_threads_are_all_counted_and_few_notes_are_written(tmp_path, monkeypatch):
    written = []
    at_work = progress.Progress(tmp_path, 2000, "local")
    monkeypatch.setattr(progress.digests, "write_json", lambda path, notes: written.append(notes["ended"]))
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda name: at_work.ended(f"r{name}", False), range(2000)))
    assert written[-1] == 2000 and len(written) < 200
