"""Where the numbers of each cell come from, and its confusion matrix: what the page shows of a cell."""

from collections import Counter
from itertools import chain

import numpy as np

from vidattn.bench.results.reader import Results


def facts(results: Results) -> dict[str, dict]:
    """{"cells": cell -> facts by name, "classes": lists of classes}; links are pairs (text, address)."""
    lists: dict[tuple[str, ...], int] = {}
    cells = {cell: _cell(results, cell, lists) for cell in results.ids if results.records[cell]}
    return {"cells": cells, "classes": [list(names) for names in lists]}


def _cell(results: Results, cell: str, lists: dict[tuple[str, ...], int]) -> dict:
    records = results.records[cell]
    first, classes = records[0], tuple(records[0].get("classes", []))
    runs = [f"{r['fold']}-{r['seed']}" for r in records]
    found: dict = {
        kind: [(run, f"{kind}/{cell}/{run}.{ending}") for run in runs]
        for kind, ending in (("records", "json"), ("predictions", "csv"))
    }
    found["clips"] = "; ".join(f"{r['n']} of {r['n_official']}" for r in records)
    for name in ("weights", "backend", "device"):
        found[name] = ", ".join(sorted({str(r[name]) for r in records if r.get(name)})) or "not recorded"
    for kind in ("digests", "versions", "protocol"):
        found[kind] = ", ".join(f"{k}: {v}" for k, v in sorted(first.get(kind, {}).items()))
    tested = results.tested(cell)
    if classes and tested:
        found |= {"classes": lists.setdefault(classes, len(lists)), "confusion": _counts(tested, classes)}
    return found


def _counts(tested: dict[tuple[int, int], dict[str, np.ndarray]], classes: tuple[str, ...]) -> list[int]:
    """The confusion matrix of all runs as [label, prediction, clips, ...], without its zeros."""
    place = {name: i for i, name in enumerate(classes)}
    runs = (zip(run["label"].tolist(), run["prediction"].tolist()) for run in tested.values())
    pairs = sorted(Counter(chain.from_iterable(runs)).items())
    return [n for (label, said), clips in pairs for n in (place[label], place[said], clips)]
