"""requirements/suite.sh around a dvc that fails: what it says is heard."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DVC = """#!/bin/sh
echo "dvc $*" >> calls
case "$1" in
  status)
    case "$*" in
      *train@a*) exit $(cat trained);;
      *--quiet*) ;;
      *) echo "ERROR: why it cannot" >&2;;
    esac
    exit $(cat status);;
  stage) printf 'plan\nframes@actors\ntrain@a\nfuse@b\nreport\n';;
  repro) echo "said on stdout"; echo "ERROR: what went wrong" >&2; exit $(cat repro);;
esac
"""


@pytest.fixture
def project(tmp_path):
    """A folder without .git, a dvc that answers as told, a vidattn that does nothing."""
    (tmp_path / "bin").mkdir()
    for name, text in (("dvc", DVC), ("vidattn", '#!/bin/sh\necho "vidattn $*" >> calls\n')):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / ".dvc/tmp").mkdir(parents=True)
    (tmp_path / "data/store/scores").mkdir(parents=True)
    for name in ("suite.sh", "state.py"):
        shutil.copy(ROOT / "requirements" / name, tmp_path)
    return tmp_path


def run(project: Path, status: int, repro: int = 0, trained: int = 1) -> subprocess.CompletedProcess:
    (project / "status").write_text(str(status))
    (project / "trained").write_text(str(trained))
    (project / "repro").write_text(str(repro))
    environment = {**os.environ, "PATH": f"{project / 'bin'}:/usr/bin:/bin"}
    line = ["sh", "suite.sh", "demo", "1"]
    return subprocess.run(line, cwd=project, env=environment, capture_output=True, text=True)


def test_an_error_of_dvc_is_heard_and_ends_the_suite(project):
    failed = run(project, status=255)
    assert failed.returncode == 255 and "ERROR: why it cannot" in failed.stderr
    failed = run(project, status=1, repro=3)
    assert failed.returncode == 3 and "ERROR: what went wrong" in failed.stderr
    assert "said on stdout" not in failed.stdout
    assert "Everything is up to date." in run(project, status=0).stdout


@pytest.mark.parametrize("content, kept", [("", False), ('{"a": ', False), ("{}", True)])
def test_a_lock_that_a_killed_dvc_left_half_written_is_removed_and_said(project, content, kept):
    lock = project / ".dvc/tmp/rwlock"
    lock.write_text(content)
    done = run(project, status=0)
    assert done.returncode == 0 and lock.exists() == kept
    assert ("rwlock was left half written" in done.stderr) != kept


def test_a_copy_without_git_tells_dvc_so(project):
    run(project, status=0)
    assert "dvc config --local core.no_scm true" in (project / "calls").read_text()


@pytest.mark.parametrize("trained", [0, 1])
def test_the_grid_is_filled_only_where_a_cell_is_not_up_to_date(project, trained):
    """After `vidattn store pull` each is, while the report is missing: another device would train all."""
    run(project, status=1, trained=trained)
    calls = (project / "calls").read_text().splitlines()
    assert ("vidattn grid --jobs 1" in calls) == bool(trained)
    first = calls.index("dvc repro --no-run-cache plan frames@actors")
    assert first < calls.index("dvc status --quiet train@a fuse@b")
    assert "dvc repro --no-run-cache" in calls


def test_dvc_is_not_asked_again_until_a_file_changes(project):
    (project / "results").mkdir()
    result, calls = project / "results" / "a.csv", project / "calls"
    result.write_text("1")

    def asked(status: int = 0) -> int:
        calls.write_text("")
        assert "Everything is up to date." in run(project, status).stdout
        return calls.read_text().count("dvc status")

    assert [asked(), asked()] == [1, 0]
    result.write_text("2")
    assert [asked(), asked()] == [1, 0]
    result.unlink()
    assert [asked(), asked()] == [1, 0]


def test_what_dvc_found_to_do_is_not_taken_for_done(project):
    run(project, status=1)
    assert not (project / ".dvc/tmp/suite_done").exists()


def test_where_nothing_was_made_yet_dvc_does_not_look_for_what_changed(project):
    (project / "data/store/scores").rmdir()
    run(project, status=1)
    calls = (project / "calls").read_text().splitlines()
    assert not any("status" in call for call in calls[: calls.index("vidattn grid --jobs 1")])
