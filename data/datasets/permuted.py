"""A generated data set with its labels permuted among all clips: what a network that knows nothing looks at.

The data randomisation test of Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018, section 3.2: a
network can learn such labels by heart only, and a map that is the same as that of the network of the true
labels does not depend on what was learned. Clips, groups, folds and truth are those of the source; its files
are made again under the name of this set.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from vidattn.data.datasets import Dataset, Item, load


def dataset(name: str, source: str, settings: dict | None = None, seed: int = 0) -> Dataset:
    """`source` with permuted labels.

    Args:
        name: Its name in params.yaml.
        source: A generated data set.
        settings: That `source` is made with.
        seed: Of the permutation.
    """
    true = load(source)
    if true.generate is None:
        raise ValueError(f"{name}: labels are permuted of a data set that is generated; {source} is not.")

    return replace(
        true,
        name=name,
        items=partial(_items, true.items, seed),
        generate=partial(_generate, true.generate, settings or {}),
        how=f"vidattn data fetch {name}",
    )


# Functions of the module, since a data set is sent to the processes that train.
def _items(of_source: Callable[[Path], Iterable[Item]], seed: int, home: Path) -> list[Item]:
    """The clips of the source, each with the label of another."""
    found = sorted(of_source(home))
    order = np.random.default_rng(seed).permutation(len(found))
    return [item._replace(label=found[other].label) for item, other in zip(found, order)]


def _generate(source: Callable[[Path, dict], None], settings: dict, home: Path, params: dict) -> None:
    """The source's files, made with its own settings."""
    source(home, settings)
