"""Worker processes of the data layer end with the process that started them."""

import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

from vidattn.data.files import pool

HEAD = "import sys\nfrom pathlib import Path\nif __name__ == '__main__':\n    home = Path(sys.argv[1])\n"
ACTORS = """
    from vidattn.data.datasets import actors
    actors.pool.cores = lambda: 2
    print("ready", flush=True)
    actors.generate(home, {"clips_per_group": 50})
"""
PROBE = """
    from vidattn.data.media import probe
    print("ready", flush=True)
    for _ in probe.probe_all([(home / "a.avi", "")] * 100_000, 2):
        (home / "started").touch()
"""


@pytest.mark.parametrize("body, started", [(ACTORS, "raw/clips/*/*.avi"), (PROBE, "started")])
def test_workers_do_not_outlive_a_parent_that_was_killed(tmp_path, body, started):
    writer = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 12.0, (32, 32))
    writer.write(np.zeros((32, 32, 3), np.uint8))
    writer.release()
    (tmp_path / "run.py").write_text(HEAD + body.lstrip("\n"))
    parent = subprocess.Popen([sys.executable, tmp_path / "run.py", tmp_path], stdout=subprocess.PIPE)
    assert parent.stdout.readline() == b"ready\n"
    while not any(tmp_path.glob(started)):
        assert parent.poll() is None
        time.sleep(0.05)
    parent.kill()
    parent.communicate(timeout=20)  # the workers hold the other end of the pipe until they are gone


def test_cores_are_counted_where_a_process_cannot_be_bound_to_some(monkeypatch):
    monkeypatch.delattr(pool.os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(pool.os, "cpu_count", lambda: 3)
    assert pool.cores() == 3
    monkeypatch.setattr(pool.os, "cpu_count", lambda: None)
    assert pool.cores() == 1
