"""A generated data set with its labels permuted among all clips: what a network that knows nothing looks at.

The data randomisation test of Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018, section 3.2: a
network can learn such labels by heart only, and a map that is the same as that of the network of the true
labels does not depend on what was learned. Clips, groups, folds and truth are those of the source; its files
are made again under the name of this set.
"""

from dataclasses import replace
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

    def items(home: Path) -> list[Item]:
        found = sorted(true.items(home))
        order = np.random.default_rng(seed).permutation(len(found))
        return [item._replace(label=found[other].label) for item, other in zip(found, order)]

    return replace(
        true,
        name=name,
        items=items,
        generate=lambda home, params: true.generate(home, settings or {}),
        how=f"vidattn data fetch {name}",
    )
