"""Where the numbers of each cell come from, and its confusion matrix: what the page shows of a cell."""

from collections import Counter

from vidattn.bench.results.reader import Results

SAID = ("label", "prediction")


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
    pairs = _pairs(results, cell)
    if classes and pairs:
        found |= {"classes": lists.setdefault(classes, len(lists)), "confusion": _counts(pairs, classes)}
    return found


def _pairs(results: Results, cell: str) -> list:
    """(label, prediction, how many clips) over all runs of a cell, sorted."""

    def compute() -> list:
        tested = results.tested(cell).values()
        counts = Counter(pair for run in tested for pair in zip(*(run[key].tolist() for key in SAID)))
        return [(*pair, count) for pair, count in sorted(counts.items())]

    return results.once(["confusion", cell], [cell], compute)


def _counts(pairs: list, classes: tuple[str, ...]) -> list[int]:
    """The confusion matrix as [label, prediction, clips, ...], without its zeros."""
    place = {name: i for i, name in enumerate(classes)}
    return [n for label, said, clips in pairs for n in (place[label], place[said], clips)]
