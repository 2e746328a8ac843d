"""What was found, first of all: short tables, made from the numbers that the others hold."""

from collections import Counter
from pathlib import Path

import pandas as pd

from vidattn.bench import captions, overlap, summary, wording
from vidattn.bench.results import COORDINATES, Results, coordinates, identity

VERDICTS = {"disjoint": "shown", "higher": "shown", "lower": "the contrary", "not shown": "not shown"}


def headline(
    results: Results, versus: pd.DataFrame, contrasts: pd.DataFrame, tables: Path, suites: dict | None = None
) -> list[dict]:
    """The tables that hold something: {"title", "note", "headers", "rows"}, all text.

    Args:
        results: What was measured.
        versus: Of `summary.versus`.
        contrasts: Of `summary.contrasts`.
        tables: Folder with protocols.csv, icip_explained.csv, spread.csv and gate.csv.
        suites: Suite -> ids of its cells.
    """
    noise = f"{captions.ATTENTION} {captions.INTERVAL} {captions.noise(tables)}".strip()
    found = [
        _table("Spatial attention", noise, _ATTENTION_HEADERS, attention(versus)),
        _table("Attention over time", captions.TIME, _TIME_HEADERS, over_time(tables, results)),
        _table("Questions asked", captions.QUESTIONS, _QUESTION_HEADERS, questions(contrasts)),
        _table("Protocols", captions.PROTOCOLS, _PROTOCOL_HEADERS, protocols(tables, results)),
        _table("Trainings apart", captions.SPREAD, _SPREAD_HEADERS, apart(tables)),
        _table("Suites", captions.SUITES, _SUITE_HEADERS, extents(results, suites or {})),
    ]
    return [table for table in found if table["rows"]]


def _table(title: str, note: str, headers: tuple[str, ...], rows: list) -> dict:
    return {"title": title, "note": note, "headers": headers, "rows": rows}


_ATTENTION_HEADERS = (
    *("attention", "data set, protocol", "models", "n", "trainings", "difference"),
    *("clearly higher", "clearly lower", "p < 0.05 for these trainings only", "of"),
)
_QUESTION_HEADERS = ("question", "data set, protocol", "difference", "p", "n", "trainings", "verdict")
_TIME_HEADERS = ("effect", "data set, protocol", "difference", "p", "n", "trainings")
_PROTOCOL_HEADERS = ("what", "data set", "difference", "n", "models", "trainings", "protocols differ in")
_SPREAD_HEADERS = (
    "data set, protocol",
    "models",
    "trainings each",
    "median gap",
    "most apart",
    "ended in a spike",
)
_SUITE_HEADERS = ("suite", "cells", "with records", "without records, by data set")


def attention(versus: pd.DataFrame) -> list[list[str]]:
    """A row an attention, data set and protocol. No mean hides that it helps here and harms there."""
    known = versus[versus["difference_low"].notna()] if len(versus) else versus
    if known.empty:
        return []
    families = known.groupby(["dataset", "protocol"], sort=False)
    return [
        [name, ", ".join(key), _models(rows), *_extent(rows), _ends(rows), *_counts(rows)]
        for key, part in families
        for name, rows in part.groupby("attention", sort=False)
    ]


def _models(part: pd.DataFrame) -> str:
    """`tiny / lstm, two_stream`: architectures by backbone."""
    names = part.groupby("backbone", sort=False)["architecture"]
    return "; ".join(f"{backbone} / {', '.join(dict.fromkeys(heads))}" for backbone, heads in names)


def _extent(part: pd.DataFrame) -> list[str]:
    return [_sizes(part), wording.trainings(part["folds"], part["seeds"])]


def _counts(part: pd.DataFrame) -> list[str]:
    """Clearly higher, clearly lower, what other trainings may not repeat, and of how many."""
    clear, enough = summary.clear(part), (part["runs"] >= wording.ENOUGH).any()
    seen = part[(part["p_holm"] < 0.05) & ~clear]["difference"]
    signs = [(int((seen > 0).sum()), "higher"), (int((seen < 0).sum()), "lower")]
    text = ", ".join(f"{count} {sign}" for count, sign in signs if count) or "none"
    counts = [str(int((s * part[clear]["difference"] > 0).sum())) if enough else "-" for s in (1, -1)]
    return [*counts, text, str(len(part))]


def questions(contrasts: pd.DataFrame) -> list[list[str]]:
    """A row a contrast that was run."""
    return [_question(row) for _, row in contrasts.iterrows() if row["verdict"] in VERDICTS]


def _question(row: pd.Series) -> list[str]:
    where = coordinates(row["cell"])
    on = "" if row["family"] == "all" else f", on the {row['family']} classes"
    change = wording.points(row["difference"], row["difference_low"], row["difference_high"])
    place = f"{where['dataset']}, {where['protocol']}"
    verdict = VERDICTS[row["verdict"]]
    if verdict != "not shown":
        verdict += wording.reserve(row["runs"], row["p_trainings"])
    trained = wording.trainings([row["folds"]], [row["seeds"]])
    return [row["name"] + on, place, change, _p(row["p"]), f"{row['n']:,}", trained, verdict]


def over_time(tables: Path, results: Results) -> list[list[str]]:
    """A row an effect of attention over time and protocol, and what of a gain is leakage."""
    frame = _read(tables / "icip_explained.csv")
    if frame.empty:
        return []
    kinds = frame["effect"].str.startswith("attention ") & frame["effect"].str.endswith((": gain", "itself"))
    ordered = frame[kinds].sort_values("effect", kind="stable")
    leaked = frame[frame["effect"].str.startswith(overlap.GAIN)]
    effects = [_paired(row, results) for _, row in ordered.iterrows()]
    return effects + [_unpaired(row, results) for _, row in leaked.iterrows()]


def _paired(row: pd.Series, results: Results) -> list[str]:
    """Of two cells that were trained alike but for one thing."""
    trained = summary.trainings(results, row["cell"], row["control"])
    extent = wording.trainings([trained["folds"]], [trained["seeds"]])
    return _effect(row, row["protocol"], trained["runs"], extent)


def _unpaired(row: pd.Series, results: Results) -> list[str]:
    """Of two protocols, whose splits differ."""
    sides = [row["cell"], row["control"]]
    place = " - ".join(coordinates(cell)["protocol"] for cell in sides)
    counts = [len(results.records.get(cell, [])) for cell in sides]
    return _effect(row, place, min(counts), " and ".join(map(str, counts)))


def _effect(row: pd.Series, protocol: str, runs: int, trained: str) -> list[str]:
    change = wording.points(*(row[f"top1_difference{end}"] for end in ("", "_low", "_high")))
    noted = wording.reserve(runs, row["p_trainings"])
    p = _p(row["p_holm"]) + (noted if row["p_holm"] < 0.05 else "")
    return [row["effect"], f"{row['dataset']}, {protocol}", change, p, f"{row['n']:,.0f}", trained]


def _p(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _sizes(part: pd.DataFrame) -> str:
    low, high = part["n"].min(), part["n"].max()
    return f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}"


def protocols(tables: Path, results: Results) -> list[list[str]]:
    """A row a data set and pair of protocols, one for leakage alone, each with the 1-NN probe apart."""
    sides, explained = (_read(tables / f"{name}.csv") for name in ("protocols", "icip_explained"))
    rows = []
    if len(sides):
        for (dataset, pair), part in sides.groupby(["dataset", "protocols"], sort=False):
            rows += _apart(pair, dataset, part, pair.split(" - "), results)
    if len(explained):
        gains = explained["effect"].str.startswith(overlap.GAIN)  # no heads: they stand with the effects
        leaks = explained[explained["effect"].str.startswith("leakage: ") & ~gains]
        leaks = leaks.rename(columns=lambda name: name.removeprefix("top1_"))
        leaks = leaks.assign(architecture=leaks["effect"].str.removeprefix("leakage: "))
        for dataset, part in leaks.groupby("dataset", sort=False):
            pair = [coordinates(part[side].iloc[0])["protocol"] for side in ("cell", "control")]
            rows += _apart(f"leakage alone: {' - '.join(pair)}", dataset, part, pair, results)
    return rows


def _apart(what: str, dataset: str, part: pd.DataFrame, pair: list[str], results: Results) -> list[list[str]]:
    """A row of what is trained, and one of the probe, which reads other clips and trains nothing."""
    probe, differing = summary.probe(part), ", ".join(summary.differing(results, *pair))
    probes = part[probe]
    kinds = [(part[~probe], str(int((~probe).sum()))), (probes, "1-NN probe")]
    return [
        [
            what,
            dataset,
            _ends(p),
            _sizes(p),
            kind,
            "-" if p is probes else _sides(results, p, pair),
            differing,
        ]
        for p, kind in kinds
        if len(p)
    ]


def _sides(results: Results, part: pd.DataFrame, pair: list[str]) -> str:
    """`3 and 9`: trainings of a model under each of two protocols, from the least to the most."""
    models = part[list(COORDINATES[:4])].to_dict("records")
    cells = [[identity({**model, "protocol": name}) for model in models] for name in pair]
    return " and ".join(wording.ends(len(results.records.get(cell, [])) for cell in side) for side in cells)


def apart(tables: Path) -> list[list[str]]:
    """A row a data set and protocol: how far the trainings of one model lie apart."""
    frame = pd.read_csv(tables / "spread.csv") if (tables / "spread.csv").is_file() else pd.DataFrame()
    if frame.empty:
        return []
    frame = frame.assign(gap=frame["top1_greatest"] - frame["top1_least"])
    return [
        [", ".join(key), str(len(part)), wording.ends(part["runs"]), *_gaps(part), _spiked(part)]
        for key, part in frame.groupby(["dataset", "protocol"], sort=False)
    ]


def _gaps(part: pd.DataFrame) -> list[str]:
    worst = part.loc[part["gap"].idxmax()]
    model = " / ".join(worst[name] for name in ("backbone", "architecture") if worst[name] != "none")
    ends = f"{100 * worst['top1_least']:.1f} % to {100 * worst['top1_greatest']:.1f} %"
    return [f"{100 * part['gap'].median():.1f} points", f"{model}: {ends}"]


def _spiked(part: pd.DataFrame) -> str:
    """`3 of 35`: runs that ended in a spike, of those that report their last epoch."""
    last = part[part["spiked"].notna()]
    return f"{last['spiked'].sum():.0f} of {last['runs'].sum()}" if len(last) else "-"


def extents(results: Results, suites: dict[str, list[str]]) -> list[list[str]]:
    """A row a suite that was begun: its cells, those with records, and where the others are."""
    rows = []
    for suite, cells in suites.items():
        absent = [cell for cell in cells if not results.records.get(cell)]
        if len(absent) < len(cells):
            counts = Counter(coordinates(cell)["dataset"] for cell in absent)
            lacking = ", ".join(f"{dataset} {count}" for dataset, count in counts.items())
            rows.append([suite, str(len(cells)), str(len(cells) - len(absent)), lacking or "none"])
    return rows


def _read(path: Path) -> pd.DataFrame:
    """The rows of a table that hold a difference."""
    frame = pd.read_csv(path) if path.is_file() else pd.DataFrame()
    column = next((name for name in ("difference", "top1_difference") if name in frame), None)
    return frame[frame[column].notna()] if column else frame.iloc[:0]


def _ends(part: pd.DataFrame) -> str:
    ordered = part.sort_values("difference", kind="stable")
    ends = ordered.iloc[[0, -1]] if len(ordered) > 1 else ordered
    columns = ["difference", "difference_low", "difference_high"]
    return " to ".join(wording.points(*values) for values in ends[columns].to_numpy())
