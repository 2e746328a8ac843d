"""`make faults N=1000 SEED=0`: draw and inject faults; one line of JSON; status 1 unless all is well."""

import argparse
import gc
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pandas as pd

from faults import kinds, project, training
from faults.case import Case
from faults.journal import Journal, code
from faults.judge import BAD, VERDICTS, Verdict
from vidattn.bench.report.tables.faults import COLUMNS
from vidattn.data.files import atomic

COPY = "VIDATTN_FAULTS_COPY"  # where the copy of the code is


def main() -> int:
    """Inject, say what became of them, write the counts."""
    arguments = _arguments()
    if COPY not in os.environ:
        return _on_a_copy()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job has it ignored
    asked: list[int] = []
    signal.signal(signal.SIGUSR1, lambda number, _: asked.append(number))  # after this fault, enough
    training.stand_in()
    every = kinds.every()
    chosen = {name: every[name] for name in arguments.only or every}
    counts: dict[str, Counter] = {name: Counter() for name in chosen}
    kept = Journal(arguments.journal and Path(arguments.journal), _code())
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        reference = project.Reference(Path(folder))
        gc.collect()
        gc.freeze()  # what is here is not looked at again by every process that is forked
        for number, name in enumerate(kinds.shares(chosen, arguments.count)):
            if (arguments.fault is None or number in arguments.fault) and not asked:
                fault = f"{arguments.seed} {number} {name}"
                outcome = kept.outcome(fault)
                if outcome is None:
                    verdict = _inject(chosen[name].inject, reference, fault)
                    _tell(number, name, verdict, arguments.verbose)
                    outcome = verdict.outcome
                    kept.note(fault, outcome)
                counts[name][outcome] += 1
    total = sum(counts.values(), Counter())
    if arguments.out:
        write(Path(arguments.out), arguments.seed, counts)
    print(json.dumps({"seed": arguments.seed, "injected": total.total(), **{v: total[v] for v in VERDICTS}}))
    return 1 if any(total[outcome] for outcome in BAD) else 0


def _code() -> str:
    """Stands for the code that is put to the test, of the copy, and for the faults and settings."""
    here = project.ROOT / "tests"
    return code(
        [Path(os.environ[COPY], "vidattn"), here / "faults", here / "clips.py", project.ROOT / "params.yaml"]
    )


def _on_a_copy() -> int:
    """The same command on a copy of the code, which faults may edit."""
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        for part in ("bench", "data", "models"):
            left_out = shutil.ignore_patterns("store") if part == "data" else None
            shutil.copytree(project.ROOT / part, Path(folder, "vidattn", part), ignore=left_out)
        paths = f"{folder}:{project.ROOT / 'tests'}"
        environment = {**os.environ, COPY: folder, "PYTHONPATH": paths, "TF_CPP_MIN_LOG_LEVEL": "3"}
        return subprocess.run([sys.executable, "-m", "faults", *sys.argv[1:]], env=environment).returncode


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="faults")
    parser.add_argument("--seed", type=int, default=0, help="what they are drawn from")
    parser.add_argument("--only", nargs="*", choices=sorted(kinds.every()), help="kinds")
    parser.add_argument("--fault", type=int, nargs="+", help="inject these of them alone, by number")
    parser.add_argument("--out", help="csv of counts by kind")
    parser.add_argument("--journal", help="what became of each, so that a command that was ended goes on")
    parser.add_argument("--verbose", action="store_true", help="a line for every fault")
    return parser.parse_args()


def _memory() -> str | None:
    """A disk in memory, where there is one: thousands of files are synced."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _inject(inject, reference: project.Reference, name: str) -> Verdict:
    """One fault in a folder of its own."""
    home = reference.home / "fault"
    home.mkdir()
    try:
        return inject(Case(random.Random(name), home, reference))
    finally:
        shutil.rmtree(home)


def _tell(number: int, name: str, verdict: Verdict, verbose: bool) -> None:
    if verdict.outcome in BAD:
        print(f"--- fault {number}, {name}: {verdict.outcome}", *verdict.notes, sep="\n", file=sys.stderr)
    if verbose:
        used = sum(
            sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        print(f"{number} {name} {verdict.outcome} {used:.1f}", file=sys.stderr)


def write(path: Path, seed: int, counts: dict[str, Counter]) -> None:
    """Counts by kind, in place of those of the same seed; those of other seeds stay."""
    kept = [pd.read_csv(path).query("seed != @seed")] if path.is_file() else []
    rows = [[name, seed, found.total(), *(found[v] for v in VERDICTS)] for name, found in counts.items()]
    both = pd.concat([*kept, pd.DataFrame(rows, columns=COLUMNS)], ignore_index=True)
    atomic.write(path, both.sort_values(["seed", "kind"]).to_csv(index=False, lineterminator="\n"))


if __name__ == "__main__":
    sys.exit(main())
