"""What the numbers say, in plain sentences. Every sentence is made from the numbers it quotes."""

import numpy as np
import pandas as pd

from vidattn.bench import plugins, summary, training, wording
from vidattn.bench.results import COORDINATES, Results, coordinates
from vidattn.bench.tables import saturation

FAMILY = ["dataset", "protocol"]
LISTED = 4


def summarise(
    results: Results, versus: pd.DataFrame, contrasts: pd.DataFrame, suites: dict | None = None
) -> list[dict]:
    """One block a family of comparisons (data set and protocol): {"title", "sentences"}.

    Args:
        results: What was measured.
        versus: Of `summary.versus`.
        contrasts: Of `summary.contrasts`.
        suites: Suite -> ids of its cells, of which the tables show only those that were run.
    """
    frame = summary.cells(results)
    blocks = []
    for (dataset, protocol), part in frame.groupby(FAMILY, sort=False):
        mine = _rows(versus, dataset, protocol)
        lines = [
            _extent(part, _there(results, part), _planned(part, suites or {})),
            *training.told(results, part),
            *saturation.told(results, part),
            *(_contrast(row) for row in _contrasts(contrasts, dataset, protocol)),
        ]
        for attention, rows in mine.groupby("attention", sort=False) if len(mine) else ():
            lines.append(_attention(attention, rows))
        lines += [*_best(part), *_caveats(results, part)]
        blocks.append({"title": f"{dataset}, protocol {protocol}", "sentences": [x for x in lines if x]})
    return blocks


def _planned(part: pd.DataFrame, suites: dict[str, list[str]]) -> int:
    """Cells of this data set and protocol: those shown, and those of suites that were not run."""
    named = {cell for cells in suites.values() for cell in cells} | set(_ids(part))
    family = tuple(part[FAMILY].iloc[0])
    return sum(tuple(coordinates(cell)[key] for key in FAMILY) == family for cell in named)


def _extent(part: pd.DataFrame, there: int, planned: int) -> str:
    """How much was run of what is planned, and of the data set; `there` counts a run's three sides."""
    done = part[part["top1"].notna()]
    if done.empty:
        return f"None of the {planned} cells was run."
    used, official = int(done["n"].max()), int(done["n_official"].max())
    folds, seeds = wording.extent(done["folds"], "fold"), wording.extent(done["seeds"], "seed")
    text = f"{len(done)} of {planned} cells were run, over {folds} and {seeds}"
    text += f"; up to {used} predictions a cell" + (f" of {official} official." if used < official else ".")
    whole = plugins.official_size(part["dataset"].iloc[0])
    return text + (
        f" A run reads {there:,} of the data set's {whole:,} {wording.items(part)}." if there < whole else ""
    )


def _there(results: Results, part: pd.DataFrame) -> int:
    sides = ("n_official", "n_train", "n_validation")
    return max(
        (sum(r.get(k) or 0 for k in sides) for cell in _ids(part) for r in results.records[cell]), default=0
    )


def _ids(part: pd.DataFrame) -> list[str]:
    return ["-".join(row) for row in part[list(COORDINATES)].to_numpy()]


def _best(part: pd.DataFrame) -> list[str]:
    """The highest top-1 of what was trained; the 1-NN probe has a sentence of its own."""
    done = part[part["top1"].notna()]
    probes, done = done[summary.probe(done)], done[~summary.probe(done)]
    lines = [
        f"1-NN leakage probe (nothing is trained): {wording.accuracy(row)}, on {row['n']:,.0f} predictions."
        for _, row in probes.iterrows()
    ]
    if done.empty:
        return lines
    best = done.loc[done["top1"].idxmax()]
    close = int((done["top1_high"] >= best["top1_low"]).sum()) - 1
    text = f"The highest top-1 is {wording.accuracy(best)}, of {_name(best)}"
    others = "interval of 1 other cell reaches" if close == 1 else f"intervals of {close} other cells reach"
    return [f"{text}; the {others} it." if close > 0 else f"{text}.", *lines]


def _name(row: pd.Series, names: tuple = ("backbone", "attention", "architecture")) -> str:
    return " / ".join(str(row[name]) for name in names)


def _caveats(results: Results, part: pd.DataFrame) -> list[str]:
    ids = _ids(part)
    records = [record for cell in ids for record in results.records[cell]]
    lines = []
    if records and all(record.get("weights") == "random" for record in records):
        lines.append("All weights were random at the start: no number here comes from pre-training.")
    lines += _leaks(records)
    lost = max((record.get("quarantined", 0) for record in records), default=0)
    if lost:
        lines.append(f"Up to {lost} unreadable {wording.items(part)} were left out of a run.")
    absent = [cell for cell in ids if not results.records[cell]]
    if absent:
        lines.append(f"Not run: {', '.join(absent)}.")
    return lines


def _leaks(records: list[dict]) -> list[str]:
    """What is shared by training and test, and what else the protocol does that moves accuracies."""
    leaked = max((record.get("leaks", {}).get("groups", 0) for record in records), default=0)
    if not leaked:
        return []
    named = records[0].get("protocol", {}).get("defects", [])
    others = [defect for defect in named if "split" not in defect]
    text = (
        f"Up to {leaked} test clips have a clip of their own group (source video) in training, which alone "
        "makes accuracies higher."
    )
    also = (
        f" The protocol has other defects, which can make them lower: {', '.join(others)}." if others else ""
    )
    return [text + also]


def _attention(attention: str, rows: pd.DataFrame) -> str:
    """One sentence about an attention: what is distinguishable, the rest counted or listed."""
    known = rows[rows["difference"].notna()]
    if known.empty:
        return f"{attention}: no comparison with none was run."
    clear, seen = known[summary.clear(known)], known[known["p_holm"] < 0.05]
    rest, unsure = known.drop(index=seen.index), seen.drop(index=clear.index)
    parts = [_quote(row) for _, row in clear.iterrows()]
    parts += [
        f"{_quote(row)}, but{wording.reserve(row['runs'], row['p_trainings'])}"
        for _, row in unsure.iterrows()
    ]
    if 0 < len(rest) <= LISTED:
        quoted = [f"{_where(row)} ({_change(row)})" for _, row in rest.iterrows()]
        parts.append(f"not distinguishable from none on {', '.join(quoted)}")
    elif len(rest):
        parts.append(f"not distinguishable from none on {len(rest)} of {len(known)} comparisons")
    limit = rest["detectable"].median()
    tail = (
        ""
        if np.isnan(limit)
        else f"; these {wording.items(rows)} could have shown about {100 * limit:.0f} points"
    )
    return f"{attention} against none: {'; '.join(parts)}{tail}."


def _quote(row: pd.Series) -> str:
    return f"{_change(row)} on {_where(row)} ({wording.chance(row['p_holm'])})"


def _change(row: pd.Series) -> str:
    return wording.points(row["difference"], row["difference_low"], row["difference_high"])


def _where(row: pd.Series) -> str:
    return f"{row['backbone']} / {row['architecture']}"


def _contrast(row: pd.Series) -> str:
    """Whether a contrast is shown: by disjoint intervals, by the paired difference only, or not."""
    scope = "on all classes" if row["family"] == "all" else f"on the {row['family']} classes"
    if row["verdict"] == "not run":
        return f"{row['name']}, {scope}: not run ({row['cell']} against {row['control']})."
    first = wording.percent(row["top1"], row["top1_low"], row["top1_high"])
    second = wording.percent(row["control_top1"], row["control_top1_low"], row["control_top1_high"])
    extent = f"{row['n']} predictions in {row['groups']} groups"
    change = f"paired difference {_change(row)}, {wording.chance(row['p'])}, {extent}"
    noted = wording.reserve(row["runs"], row["p_trainings"])
    verdicts = {
        "disjoint": f"shown{noted}, the intervals do not overlap",
        "higher": f"higher by the paired difference{noted}, but the two intervals overlap",
        "not shown": "NOT shown",
        "lower": f"NOT shown, it is lower than its control{noted}",
    }
    return f"{row['name']}, {scope}: {verdicts[row['verdict']]}. {first} against {second}; {change}."


def _rows(frame: pd.DataFrame, dataset: str, protocol: str) -> pd.DataFrame:
    if frame.empty:
        return frame
    return frame[(frame["dataset"] == dataset) & (frame["protocol"] == protocol)]


def _contrasts(frame: pd.DataFrame, dataset: str, protocol: str) -> list[pd.Series]:
    mine = [row for _, row in frame.iterrows()]
    return [
        row for row in mine if row["cell"].startswith(f"{dataset}-") and row["cell"].endswith(f"-{protocol}")
    ]
