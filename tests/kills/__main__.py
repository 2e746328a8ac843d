"""`make kills ENGINE=local N=100 SEED=0`: kill processes of small grids; status 1 unless all is well."""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import yaml

from kills import case, engines, project
from vidattn.bench.report.tables.kills import COLUMNS
from vidattn.bench.results import study_code
from vidattn.data.files import atomic

RUNS = 12  # of a grid


def main() -> int:
    """Kill, say what became of it, write the counts."""
    arguments = _arguments()
    engine = engines.EVERY[arguments.engine]()
    counts: Counter = Counter()
    with tempfile.TemporaryDirectory() as folder:
        home, nodes = Path(folder, "project"), Path(folder, "nodes")
        project.lay(home, RUNS)
        project.vidattn(home, "grid", "--jobs", "1")
        expected = project.made(home)
        _copy(home, nodes)
        (home / "cluster.yaml").write_text(yaml.safe_dump(engine.cluster(nodes)))
        Path(folder, "ray").mkdir()
        with engine.up(Path(folder, "ray")):
            for number in range(arguments.count):
                project.emptied(nodes)
                draw = random.Random(f"{arguments.engine} {arguments.seed} {number}")
                kill = case.drawn(draw, engine.victims, RUNS)
                start = time.monotonic()
                verdict, why = case.inject(home, engine, kill, draw, expected)
                counts[kill.victim, verdict] += 1
                told = f"{number} {kill} {verdict} {time.monotonic() - start:.0f} s"
                print(told, why, file=sys.stderr, flush=True)
                if arguments.out:
                    write(Path(arguments.out), engine.name, arguments.seed, counts)
    total: Counter = Counter()
    for (_, verdict), count in counts.items():
        total[verdict] += count
    print(json.dumps({"engine": engine.name, "seed": arguments.seed, "kills": total.total(), **total}))
    return 1 if any(total[verdict] for verdict in case.BAD) else 0


def _copy(home: Path, nodes: Path) -> None:
    """The project as nodes elsewhere have it: with its data and without a run."""
    import shutil

    shutil.copytree(home, nodes)
    project.emptied(nodes)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="kills", description=__doc__)
    parser.add_argument("--engine", choices=sorted(engines.EVERY), default="local")
    parser.add_argument("--count", type=int, default=10, help="kills")
    parser.add_argument("--seed", type=int, default=0, help="what they are drawn from")
    parser.add_argument("--out", help="csv of counts by victim")
    return parser.parse_args()


def write(path: Path, engine: str, seed: int, counts: Counter) -> None:
    """Counts by victim, in place of those of the same engine and seed."""
    kept = [pd.read_csv(path).query("engine != @engine or seed != @seed")] if path.is_file() else []
    rows = [
        [engine, victim, seed, sum(counts[victim, v] for v in case.VERDICTS)]
        + [counts[victim, v] for v in case.VERDICTS]
        for victim in sorted({victim for victim, _ in counts})
    ]
    new = study_code.stamped(pd.DataFrame(rows, columns=list(COLUMNS)), "kills")
    both = pd.concat([*kept, new], ignore_index=True).sort_values(["engine", "seed", "victim"])
    atomic.write(path, both.to_csv(index=False, lineterminator="\n"))


if __name__ == "__main__":
    sys.exit(main())
