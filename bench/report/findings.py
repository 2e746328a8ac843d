"""What was found, first of all: short tables, made from the numbers that the others hold."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from vidattn.bench.analysis import claims, comparisons, loss_spikes, main_effects, numbers_in_words
from vidattn.bench.report import captions, render
from vidattn.bench.report.tables import claims as claims_table
from vidattn.bench.report.tables import icip_explained
from vidattn.bench.results import files
from vidattn.bench.results.reader import COORDINATES, Results, coordinates, identity

Suites = Mapping[str, Mapping[str, set[tuple[int, int]]]]
ENDS = ("top1_min", "top1_max")


def headline(
    results: Results,
    versus: pd.DataFrame,
    contrasts: pd.DataFrame,
    tables: Path,
    suites: Suites | None = None,
    stale: Mapping[str, str] | None = None,
) -> list[dict]:
    """The tables that hold something: {"title", "note", "headers", "rows"}, all text.

    Args:
        results: What was measured.
        versus: Of `comparisons.versus`.
        contrasts: Of `planned.evaluate`.
        tables: Folder with protocols.csv, icip_explained.csv and spread.csv.
        suites: Suite -> ids of its cells -> fold and seed of their runs.
        stale: Cells with records that other code or settings made.
    """
    rows = {
        "main_effects": effects(main_effects.table(results)),
        "claims": claims_table.in_words(claims.table(results)),
        "attention": attention(versus),
        "over_time": over_time(tables, results),
        "planned": asked(contrasts),
        "protocols": protocols(tables, results),
        "variation": variation(tables),
        "suites": extents(results, suites or {}, stale or {}),
    }
    notes = {"attention": captions.INTERVAL}
    return [_table(name, part, notes.get(name, "")) for name, part in rows.items() if part]


def _table(name: str, rows: list[list[str]], more: str) -> dict:
    texts = captions.TEXTS["findings"][name]
    note = f"{texts['note'].replace('{spike}', str(loss_spikes.SPIKE))} {more}".strip()
    return {"title": texts["title"], "note": note, "headers": texts["headers"], "rows": rows}


def effects(frame: pd.DataFrame) -> list[list[str]]:
    """A row a main effect."""
    return [
        [
            row["attention"],
            f"{row['dataset']}, {row['protocol']}",
            f"{row['models']} ({row['left_out']} left out)" if row["left_out"] else str(row["models"]),
            *render.judged(row, "difference"),
        ]
        + [*_arms(row), _verdict(row)]
        for _, row in frame.iterrows()
    ]


def _arms(row: pd.Series) -> list[str]:
    """Predictions and training runs, of the cell and of the control where they differ."""
    return [numbers_in_words.arms(row["arms"], name) for name in ("n", "runs")]


def _verdict(row: pd.Series) -> str:
    if row["p_holm"] >= comparisons.LEVEL:
        return "not significant"
    return "significantly higher" if row["difference"] > 0 else "significantly lower"


def attention(versus: pd.DataFrame) -> list[list[str]]:
    """A row an attention, data set and protocol. No mean hides that it helps here and harms there."""
    run = versus[versus["difference"].notna()] if len(versus) else versus
    if run.empty:
        return []
    return [
        _cell_by_cell(name, ", ".join(key), rows)
        for key, part in run.groupby(["dataset", "protocol"], sort=False)
        for name, rows in part.groupby("attention", sort=False)
    ]


def _cell_by_cell(name: str, place: str, rows: pd.DataFrame) -> list[str]:
    """One attention in one place, over the models whose control learned; how many others there are."""
    learned = rows[rows["control_learned"]]
    if learned.empty:
        return [name, place, f"{_models(rows)} (left out)", *[render.MISSING] * 6]
    left_out = len(rows) - len(learned)
    models = _models(learned) + (f" ({left_out} left out)" if left_out else "")
    return [name, place, models, *_extent(learned), _ends(learned), *_counts(learned)]


def _models(part: pd.DataFrame) -> str:
    """`tiny / lstm, two_stream`: architectures by backbone."""
    names = part.groupby("backbone", sort=False)["architecture"]
    return "; ".join(f"{backbone} / {', '.join(dict.fromkeys(heads))}" for backbone, heads in names)


def _extent(part: pd.DataFrame) -> list[str]:
    arms = [arm for rows in part["arms"] for arm in rows]
    return [numbers_in_words.arms(arms, "n"), numbers_in_words.runs_of_arms(arms)]


def _counts(part: pd.DataFrame) -> list[str]:
    """Significantly higher, significantly lower, and of how many that have an interval."""
    judged = part[part["p_holm"].notna()]
    sure = judged[comparisons.significant(judged)]["difference"]
    counts = [str(int((sign * sure > 0).sum())) if len(judged) else render.MISSING for sign in (1, -1)]
    return [*counts, str(len(judged))]


def asked(contrasts: pd.DataFrame) -> list[list[str]]:
    """A row a comparison of params.yaml that was run."""
    rows = [row for _, row in contrasts.iterrows() if row["verdict"] != "not run"]
    return [_asked(row) for row in rows]


def _asked(row: pd.Series) -> list[str]:
    on = "" if row["classes"] == "all" else f", on the {row['classes']} classes"
    extent = [numbers_in_words.arms(row["arms"], "n"), numbers_in_words.runs_of_arms(row["arms"])]
    named = "planned" if row["planned"] else "post hoc"
    place = f"{row['dataset']}, {row['protocol']}"
    values = [*render.judged(row, "difference"), *extent, named, row["verdict"]]
    return [row["name"] + on, row["family"], place, *values]


def over_time(tables: Path, results: Results) -> list[list[str]]:
    """A row an effect of attention over time and protocol, and what of a gain is leakage."""
    frame = _read(tables / "icip_explained.csv")
    if frame.empty:
        return []
    ends = (": gain", icip_explained.ATTENTION)
    kinds = frame["effect"].str.startswith("attention ") & frame["effect"].str.endswith(ends)
    ordered = frame[kinds].sort_values("effect", kind="stable")
    leaked = frame[frame["effect"].str.startswith(icip_explained.LEAKED_GAIN)]
    alike = [_paired(row, results) for _, row in ordered.iterrows()]
    return alike + [_unpaired(row, results) for _, row in leaked.iterrows()]


def _paired(row: pd.Series, results: Results) -> list[str]:
    """Of two cells that were trained alike but for one thing."""
    arms = [comparisons.arms(results, row["cell"], row["control"])]
    extent = [numbers_in_words.arms(arms, "n"), numbers_in_words.runs_of_arms(arms)]
    return _effect(row, row["protocol"], extent)


def _unpaired(row: pd.Series, results: Results) -> list[str]:
    """Of two protocols, whose splits differ."""
    arms = [row["cell"], row["control"]]
    place = " - ".join(coordinates(cell)["protocol"] for cell in arms)
    trained = " and ".join(str(len(results.records.get(cell, []))) for cell in arms)
    return _effect(row, place, [f"{row['n']:,.0f}", trained])


def _effect(row: pd.Series, protocol: str, extent: list[str]) -> list[str]:
    values = [*render.judged(row, "top1_difference"), *extent]
    return [row["effect"], f"{row['dataset']}, {protocol}", row["backbone"], *values]


def _sizes(part: pd.DataFrame) -> str:
    low, high = part["n"].min(), part["n"].max()
    return f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}"


def protocols(tables: Path, results: Results) -> list[list[str]]:
    """A row a data set and pair of protocols, one for leakage alone, each with the 1-NN probe separately."""
    pairs, explained = (_read(tables / f"{name}.csv") for name in ("protocols", "icip_explained"))
    rows = []
    if len(pairs):
        for (dataset, pair), part in pairs.groupby(["dataset", "protocols"], sort=False):
            rows += _separately(pair, dataset, part, pair.split(" - "), results)
    if len(explained):
        heads = icip_explained.leaks(explained).rename(columns=lambda name: name.removeprefix("top1_"))
        heads = heads.assign(architecture=heads["effect"].str.removeprefix("leakage: "))
        for dataset, part in heads.groupby("dataset", sort=False):
            pair = [coordinates(part[arm].iloc[0])["protocol"] for arm in ("cell", "control")]
            rows += _separately(f"leakage alone: {' - '.join(pair)}", dataset, part, pair, results)
    return rows


def _separately(
    what: str, dataset: str, part: pd.DataFrame, pair: list[str], results: Results
) -> list[list[str]]:
    """A row of what is trained, and one of the probe, which reads other clips and trains nothing."""
    probe, differing = comparisons.probe(part), ", ".join(comparisons.differing(results, *pair))
    models, probes = part[~probe], part[probe]
    rows = []
    if len(models):
        counts = [str(len(models)), _runs(results, models, pair)]
        rows.append([what, dataset, _ends(models), _sizes(models), *counts, differing])
    if len(probes):
        counts = ["1-NN probe", render.MISSING]
        rows.append([what, dataset, _ends(probes), _sizes(probes), *counts, differing])
    return rows


def _runs(results: Results, part: pd.DataFrame, pair: list[str]) -> str:
    """`3 and 9`: training runs of a model under each of two protocols, from the least to the most."""
    models = part[list(COORDINATES[:4])].to_dict("records")
    cells = [[identity({**model, "protocol": name}) for model in models] for name in pair]
    return " and ".join(
        numbers_in_words.ends(len(results.records.get(cell, [])) for cell in arm) for arm in cells
    )


def variation(tables: Path) -> list[list[str]]:
    """A row a data set and protocol: how far the training runs of one model lie apart."""
    frame = files.made(tables / "spread.csv", (*COORDINATES, "runs", "spiked", *ENDS))
    if frame.empty:
        return []
    frame = frame.assign(gap=frame[ENDS[1]] - frame[ENDS[0]])
    return [
        [", ".join(key), str(len(part)), numbers_in_words.ends(part["runs"]), *_gaps(part), _spiked(part)]
        for key, part in frame.groupby(["dataset", "protocol"], sort=False)
    ]


def _gaps(part: pd.DataFrame) -> list[str]:
    worst = part.loc[part["gap"].idxmax()]
    model = " / ".join(worst[name] for name in ("backbone", "architecture") if worst[name] != "none")
    ends = f"{100 * worst['top1_min']:.1f} % to {100 * worst['top1_max']:.1f} %"
    return [f"{100 * part['gap'].median():.1f} points", f"{model}: {ends}"]


def _spiked(part: pd.DataFrame) -> str:
    """`3 of 35`: runs that ended in a spike, of those that report their last epoch."""
    last = part[part["spiked"].notna()]
    return f"{last['spiked'].sum():.0f} of {last['runs'].sum()}" if len(last) else render.MISSING


def extents(results: Results, suites: Suites, stale: Mapping[str, str]) -> list[list[str]]:
    """A row a suite: cells, those with records, runs, where the others are, what is stale."""
    rows = []
    for suite, cells in suites.items():
        absent = [cell for cell in cells if not results.records.get(cell)]
        counts = Counter(coordinates(cell)["dataset"] for cell in absent)
        lacking = ", ".join(f"{dataset} {count}" for dataset, count in counts.items())
        old = str(sum(cell in stale for cell in cells))
        made = sum(len(runs & _made(results, cell)) for cell, runs in cells.items())
        extent = f"{made:,} of {sum(map(len, cells.values())):,}"
        rows.append([suite, str(len(cells)), str(len(cells) - len(absent)), extent, lacking or "none", old])
    return rows


def _made(results: Results, cell: str) -> set[tuple[int, int]]:
    """Folds and seeds with a record."""
    return {(record["fold"], record["seed"]) for record in results.records.get(cell, [])}


def _read(path: Path) -> pd.DataFrame:
    """The rows of a table that hold a difference."""
    frame = files.made(path)
    column = next((name for name in ("difference", "top1_difference") if name in frame), None)
    return frame[frame[column].notna()] if column else frame.iloc[:0]


def _ends(part: pd.DataFrame) -> str:
    ordered = part.sort_values("difference", kind="stable")
    ends = ordered.iloc[[0, -1]] if len(ordered) > 1 else ordered
    columns = ["difference", "difference_low", "difference_high"]
    return " to ".join(numbers_in_words.points(*values) for values in ends[columns].to_numpy())
