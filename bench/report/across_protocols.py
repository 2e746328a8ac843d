"""What is found across protocols, from the tables: facts here, words in templates/across.txt."""

from pathlib import Path

import pandas as pd

from vidattn.bench.analysis import comparisons, numbers_in_words, untrained
from vidattn.bench.report import captions
from vidattn.bench.results import files
from vidattn.bench.results.reader import Results

ORDER = "order of frames: "  # begins the effects of a setting of `compare.settings`
OWN_BODY = (
    "none"  # the backbone of a network that takes none: it joins frames by itself, from its first layer
)


def block(results: Results, tables: Path) -> list[dict]:
    """One block of sentences, or none where nothing of this was measured."""
    explained = _read(tables / "icip_explained.csv", "top1_difference")
    facts = {
        "order": _order(explained),
        "recurrence": _recurrence(explained),
        "scaling": _scaling(explained),
        "pretraining": _pretraining(results),
        "cost": _cost(tables / "training_cost.csv"),
    }
    sentences = captions.sentences("across.txt", facts)
    return [{"title": "Across protocols", "sentences": sentences}] if sentences else []


def _read(path: Path, column: str) -> pd.DataFrame:
    """The rows of a table that have a number in this column; none where there is no table."""
    frame = files.made(path)
    return frame[frame[column].notna()] if column in frame else pd.DataFrame(columns=["effect", "attention"])


def _order(frame: pd.DataFrame) -> list[dict]:
    rows = frame[frame["effect"].astype(str).str.startswith(ORDER)]
    return [
        {
            "dataset": dataset,
            "heads": len(part),
            "change": _span(100 * part["top1_difference"]),
            "significant": int((part["p_holm"] < comparisons.LEVEL).sum()),
        }
        for dataset, part in (rows.groupby("dataset", sort=False) if len(rows) else ())
    ]


def _span(points: pd.Series) -> str:
    """`-0.4 to +1.2 points`."""
    low, high = f"{points.min():+.1f}", f"{points.max():+.1f}"
    return f"{low} points" if low == high else f"{low} to {high} points"


def _recurrence(frame: pd.DataFrame) -> list[dict]:
    rows = frame[(frame["effect"] == "recurrence and dense layer") & frame.get("p_holm", pd.Series()).notna()]
    return [
        {
            "place": _place(row),
            "change": _change(row),
            "p": numbers_in_words.chance(row["p_holm"]),
            "significant": row["p_holm"] < comparisons.LEVEL,
        }
        for _, row in rows.iterrows()
    ]


def _scaling(frame: pd.DataFrame) -> list[str]:
    """Where the scaling by 1 / T is significant."""
    rows = frame[frame["effect"].astype(str).str.endswith(": scaling")]
    return [
        f"{_place(row)}, {row['effect'].split(':')[0]} the LSTM ({_change(row)})"
        for _, row in rows.iterrows()
        if row["p_holm"] < comparisons.LEVEL
    ]


def _place(row: pd.Series) -> str:
    return f"{row['dataset']}, {row['backbone']}, {row['protocol']}"


def _change(row: pd.Series) -> str:
    return numbers_in_words.points(*(row[f"top1_difference{end}"] for end in ("", "_low", "_high")))


def _pretraining(results: Results) -> list[dict]:
    """Clean accuracies of a network with a body of its own, and of heads on pre-trained frames."""
    cells = comparisons.cells(results)
    kinds = {name: comparisons.protocol(results, name).get("kind") for name in cells["protocol"].unique()}
    cells = cells[
        cells["top1"].notna()
        & (cells["protocol"].map(kinds) == "clean")
        & cells["architecture"].map(untrained.trained).astype(bool)
    ]
    facts = []
    for dataset, part in cells.groupby("dataset", sort=False):
        network = part[part["backbone"] == OWN_BODY]
        heads = part[(part["encoder"] == "frozen") & (part["weights"] == "imagenet")]
        if len(network) and len(heads):
            ends = f"{100 * heads['top1'].min():.1f} to {100 * heads['top1'].max():.1f} %"
            low = numbers_in_words.accuracy(network.iloc[0])
            facts.append({"dataset": dataset, "low": low, "high": ends})
    return facts


def _cost(path: Path) -> list[dict]:
    """How many times longer a training step takes with an attention, by attention."""
    frame = _read(path, "step_seconds_relative")
    return [
        {
            "attention": attention,
            "times": " to ".join(dict.fromkeys(f"{x:.1f}" for x in (part.min(), part.max()))),
            "models": len(part),
        }
        for attention, part in (
            frame.groupby("attention", sort=False)["step_seconds_relative"] if len(frame) else ()
        )
    ]
