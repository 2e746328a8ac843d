"""Heads of You and Korhonen (ICIP 2020): parameters by formula and as built, without the backbone."""

import pandas as pd

from vidattn.bench.results.reader import Results

HEADS = ("lstm", "lstm_attention", "attention_lstm")  # those of the paper
UNITS, DENSE = 256, 512  # bi-LSTM units each way, width of the dense layer


def expected(architecture: str, width: int, frames: int, classes: int) -> int:
    """Parameters of a head (bidirectional LSTM, dense, output, T -> T attention) on features of a width."""
    recurrent = 2 * 4 * UNITS * (width + UNITS + 1)
    seen = 2 * UNITS * (frames if architecture == "lstm_attention" else 1)
    attention = 0 if architecture == "lstm" else frames * frames + frames
    return recurrent + (seen + 1) * DENSE + (DENSE + 1) * classes + attention


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per head (by formula | as built | difference)."""
    columns = [
        "backbone",
        "architecture",
        "features",
        "frames",
        "classes",
        "parameters_expected",
        "parameters",
    ]
    frame = results.complexity
    if frame.empty or "from_features" not in frame:
        return pd.DataFrame(columns=[*columns, "parameters_difference"])
    published = frame["from_features"].notna() & frame["architecture"].isin(HEADS)
    frame = frame[published].rename(columns={"from_features": "features"})
    frame = frame.astype({"features": int, "frames": int})
    keys = ["architecture", "features", "frames", "classes"]
    frame["parameters_expected"] = [expected(*row) for row in frame[keys].itertuples(index=False)]
    frame["parameters_difference"] = frame["parameters"] - frame["parameters_expected"]
    return frame[[*columns, "parameters_difference"]].reset_index(drop=True)
