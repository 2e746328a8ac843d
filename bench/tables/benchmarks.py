"""Speed and storage against other tools, as measured by the benchmark command."""

from pathlib import Path

import pandas as pd

from vidattn.bench.results import Results


def table(results: Results, options: dict) -> pd.DataFrame:
    """All files of results/benchmarks below one another; `benchmark` is the file's name."""
    frames = []
    for path in sorted((Path(results.root) / "benchmarks").glob("*.csv")):
        frame = pd.read_csv(path)
        frame.insert(0, "benchmark", path.stem)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=["benchmark"])
