"""Maps beside those of a network of permuted labels (Adebayo et al., NeurIPS 2018, section 3.2)."""

import numpy as np

from vidattn.bench.config.cell import Run
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.schema import Params
from vidattn.bench.explain import sanity
from vidattn.bench.explain.attention_maps import Finished
from vidattn.bench.plan.run_plan import resolve
from vidattn.bench.plan.suites import everywhere
from vidattn.bench.runner import store

PLUGIN = "permuted"  # of a data set, which names its `source`


def twin(run: Run, params: Params) -> Run | None:
    """The finished run of the same network, fold and seed on permuted labels of the same data set."""
    sets = [
        name
        for name, entry in params.datasets.items()
        if (entry.get("plugin"), entry.get("source")) == (PLUGIN, run.cell.dataset)
    ]
    for runs in everywhere(params).values() if sets else ():
        cell = runs[0].cell
        alike = cell.with_(dataset=run.cell.dataset, protocol=run.cell.protocol) == run.cell
        asked = Run(cell, run.fold, run.seed)
        if cell.dataset in sets and alike and asked in runs and _finished(asked, params):
            return asked
    return None


def _finished(run: Run, params: Params) -> bool:
    try:
        return store.finished(resolve(run, params), same_device=False) is not None
    except (ParamsError, FileNotFoundError):  # its data is not there
        return False


def similarity(
    maps: dict[str, np.ndarray], other: Finished, streams: dict, classes: np.ndarray
) -> dict[str, float | None]:
    """By map its rank correlation with that of the other network, for the same clips and classes."""
    theirs = other.explainer(streams, classes)
    alike = [name for name in maps if name in theirs and theirs[name].shape == maps[name].shape]
    return {name: sanity.similarity(maps[name], theirs[name]) for name in alike}
