"""What the numbers say, in plain sentences: facts here, words in templates/block.txt."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from vidattn.bench.analysis import (
    comparisons,
    floors,
    no_learning,
    numbers_in_words,
    samples,
    siblings,
    training_facts,
    untrained,
)
from vidattn.bench.config import plugin_files
from vidattn.bench.config.kinds import MODEL
from vidattn.bench.report import captions
from vidattn.bench.report.tables import saturation
from vidattn.bench.results.reader import COORDINATES, Results, coordinates

FAMILY = ["dataset", "protocol"]
LISTED = 4
ROUNDED = 1e-6  # records hold six decimals
VERDICTS = {
    "higher": "significantly higher",
    "not significant": "not significantly different",
    no_learning.VERDICT: "no conclusion, since the control learned nothing",
    "lower": "significantly lower",
}


def summarise(
    results: Results,
    versus: pd.DataFrame,
    contrasts: pd.DataFrame,
    suites: dict | None = None,
    stale: Mapping[str, str] | None = None,
) -> list[dict]:
    """One block a family of comparisons (data set and protocol): {"title", "sentences"}.

    Args:
        results: What was measured.
        versus: Of `comparisons.versus`.
        contrasts: Of `planned.evaluate`.
        suites: Suite -> its cells, of which the tables show only those that were run.
        stale: Cells with records that other code or settings made.
    """
    blocks = []
    for key, part in comparisons.cells(results).groupby(FAMILY, sort=False):
        own, planned = (_of(frame, *key) for frame in (versus, contrasts))
        facts = _facts(results, part, own, planned, suites or {}, stale or {})
        blocks.append(
            {"title": f"{key[0]}, protocol {key[1]}", "sentences": captions.sentences("block.txt", facts)}
        )
    return blocks


def _of(frame: pd.DataFrame, dataset: str, protocol: str) -> pd.DataFrame:
    if frame.empty:
        return frame
    return frame[(frame["dataset"] == dataset) & (frame["protocol"] == protocol)]


def _facts(
    results: Results,
    part: pd.DataFrame,
    versus: pd.DataFrame,
    contrasts: pd.DataFrame,
    suites: dict[str, list[str]],
    stale: Mapping[str, str],
) -> dict:
    """All that the template speaks of."""
    ids = _ids(part)
    records = [record for cell in ids for record in results.records[cell]]
    leaked = max((record.get("leaks", {}).get("groups", 0) for record in records), default=0)
    defects = records[0].get("protocol", {}).get("defects", []) if records else []
    return {
        "items": numbers_in_words.items(results, part),
        "extent": _extent(part, records, _planned(ids, suites)),
        "stale": [cell for cell in ids if cell in stale],
        "left_out": [line for cell in ids for line in samples.notes(results, [cell])],
        "trained": [*training_facts.sentences(results, part), *saturation.sentences(results, part)],
        "verdicts": VERDICTS,
        "contrasts": [_contrast(row) for _, row in contrasts.iterrows()],
        "attention": [_attention(*group) for group in versus.groupby("attention", sort=False)]
        if len(versus)
        else [],
        **_best(results, part),
        "under_trained": _under_trained(results, ids),
        "random_weights": bool(records) and all(r.get("weights") == "random" for r in records),
        "leaked": leaked,
        "siblings": _siblings(results, ids) if leaked else {},
        "defects": [defect for defect in defects if "split" not in defect],
        "excluded": max((record.get("quarantined", 0) for record in records), default=0),
        "absent": [cell for cell in ids if not results.records[cell]],
    }


def _siblings(results: Results, ids: list[str]) -> dict[str, str]:
    """The range of accuracies of clips with a sibling outside of the test set, and of those without."""
    run = [
        cell for cell in ids if results.records[cell] and untrained.trained(coordinates(cell)["architecture"])
    ]
    found = {}
    arms = siblings.accuracies(results, run).values()
    for number, name in enumerate(("with", "without")):
        values = [arm[number].value for arm in arms if arm[number].n]
        if not values:
            return {}
        found[name] = f"{100 * min(values):.1f} % to {100 * max(values):.1f} %"
    return found


def _planned(ids: list[str], suites: dict[str, list[str]]) -> int:
    """Cells of this data set and protocol: those shown, and those of suites that were not run."""
    named = {cell for cells in suites.values() for cell in cells} | set(ids)
    families = [tuple(coordinates(cell)[key] for key in FAMILY) for cell in named]
    return families.count(tuple(coordinates(ids[0])[key] for key in FAMILY))


def _extent(part: pd.DataFrame, records: list[dict], planned: int) -> dict:
    """How much was run of what is planned, and of the data set."""
    done = part[part["top1"].notna()]
    if done.empty:
        return {"done": 0, "planned": planned}
    sizes = ("n_official", "n_train", "n_validation")
    there = max(sum(record.get(key) or 0 for key in sizes) for record in records)
    runs = [numbers_in_words.extent(done[f"{name}s"], name) for name in ("fold", "seed")]
    whole = plugin_files.official_size(part["dataset"].iloc[0])
    counts = {"used": int(done["n"].max()), "official": int(done["n_official"].max())}
    return {
        "done": len(done),
        "planned": planned,
        "runs": " and ".join(runs),
        "there": there,
        "whole": whole,
        **counts,
    }


def _best(results: Results, part: pd.DataFrame) -> dict:
    """The highest top-1 of what was trained, the 1-NN probes, and the linear-probe baselines."""
    done = part[part["top1"].notna()]
    kinds = {"probes": comparisons.probe(done), "baselines": done["architecture"].map(untrained.is_floor)}
    facts: dict = {
        kind: [
            {"name": row["architecture"], "accuracy": numbers_in_words.accuracy(row), "n": f"{row['n']:,.0f}"}
            for _, row in done[mask.astype(bool)].iterrows()
        ]
        for kind, mask in kinds.items()
    }
    done = done[done["architecture"].map(untrained.trained).astype(bool)]
    if done.empty:
        return facts
    top = done[done["top1"] >= done["top1"].max() - ROUNDED]  # several may be equal
    value, low = top["top1"].max(), top["top1_low"].min()
    close = int((done["top1_high"] >= low).sum() - (top["top1_high"] >= low).sum())
    names = [" / ".join(row) for row in top[list(MODEL)].to_numpy()]
    classes = max(len(record.get("classes", ())) for cell in _ids(top) for record in results.records[cell])
    best = {"names": names, "close": close, "cells": len(done), "classes": classes}
    best |= {"accuracy": numbers_in_words.accuracy(top.iloc[0]) if len(top) == 1 else f"{100 * value:.1f} %"}
    return facts | {"best": best | {"above_chance": not classes or bool(value > 1 / classes + ROUNDED)}}


def _ids(part: pd.DataFrame) -> list[str]:
    return ["-".join(row) for row in part[list(COORDINATES)].to_numpy()]


def _under_trained(results: Results, ids: list[str]) -> list[str]:
    """Heads that are significantly below their linear-probe baseline, with the difference."""
    frame = floors.table(results)
    below = frame[frame["under_trained"].astype(bool) & frame["cell"].isin(ids)]
    names = numbers_in_words.models(cell for cell in ids if results.records[cell])
    return [f"{names[row['cell']]} ({change(row)})" for _, row in below.iterrows()]


def _attention(name: str, rows: pd.DataFrame) -> dict:
    """Where an attention is significantly different from none, and what of the others is excluded."""
    run = rows[rows["difference"].notna()]
    judged = run[run["p_holm"].notna()]
    sure = judged[comparisons.significant(judged)]
    rest, unjudged = judged.drop(index=sure.index), run.drop(index=judged.index)
    mute = rest[~rest["control_learned"].astype(bool)]
    rest = rest.drop(index=mute.index)
    least = rest["detectable"].median()
    return {
        "name": name,
        "run": len(run),
        "sure": [f"{change(row)} on {_where(row)} ({_chance(row)})" for _, row in sure.iterrows()],
        "rest": _listed(rest, len(run)),
        "mute": _listed(mute, len(run)),
        "unjudged": _listed(unjudged, len(run)),
        "detectable": None if np.isnan(least) else f"{100 * least:.0f}",
        "excluded": numbers_in_words.excluded(rest["difference_high"].max()) if len(rest) else "",
    }


def _listed(rows: pd.DataFrame, of: int) -> str:
    """The comparisons by name with their difference, or how many there are."""
    if len(rows) > LISTED:
        return f"{len(rows)} of {of} comparisons"
    return ", ".join(f"{_where(row)} ({change(row)})" for _, row in rows.iterrows())


def change(row: pd.Series) -> str:
    """The difference of a row with its interval."""
    return numbers_in_words.points(row["difference"], row["difference_low"], row["difference_high"])


def _where(row: pd.Series) -> str:
    return f"{row['backbone']} / {row['architecture']}"


def _chance(row: pd.Series) -> str:
    """`p = 0.036`, and of which part it is, if not of this."""
    part = row.get("judged_in")
    return numbers_in_words.chance(row["p_holm"]) + (f", {part}" if pd.notna(part) else "")


def _compared(row: pd.Series) -> str:
    """`756 predictions per arm in 252 groups`; both arms' where they differ, and the folds if not all."""
    (arms,) = row["arms"]
    said = numbers_in_words.arms([arms], "n")
    several = "" if " / " in said else " per arm"
    extent = f"{said} predictions{several} in {row['groups']} groups"
    if set(arms["every"]) == {arms["folds"]} or not row["n"]:
        return extent
    first, second = (f"{100 * value:.1f} %" for value in arms["top1"])
    return f"{extent} of the {arms['folds']} folds that both have ({first} against {second} there)"


def _contrast(row: pd.Series) -> dict:
    """One comparison of params.yaml."""
    scope = "on all classes" if row["classes"] == "all" else f"on the {row['classes']} classes"
    arms = {
        key: numbers_in_words.percent(row[name], row[f"{name}_low"], row[f"{name}_high"])
        for key, name in (("first", "top1"), ("second", "control_top1"))
    }
    texts = {"extent": _compared(row), "change": change(row)}
    texts |= {
        "p": numbers_in_words.chance(row["p_holm"]),
        "part": f" ({row['judged_in']})" if pd.notna(row["judged_in"]) else "",
        "excluded": numbers_in_words.excluded(row["difference_high"]),
    }
    return {**row.to_dict(), **arms, **texts, "scope": scope}
