"""Sanity checks for maps (Adebayo et al., NeurIPS 2018): what survives random weights explains nothing."""

from collections.abc import Callable
from typing import Any

import numpy as np

SHARES = (0.25, 0.5, 0.75, 1.0)  # of the layers with weights, from the output on
SURVIVES = 0.5  # rank correlation with the trained model's map, once all weights are random


def cascade(
    explain: Callable[[dict], dict[str, np.ndarray]], model: Any, streams: dict, seed: int = 0
) -> dict[str, list[float | None]]:
    """Similarity of each map to what it becomes while the weights are made random, from the output on.

    A layer is made random by a permutation of each of its weights, which keeps their scale.

    Args:
        explain: From a batch to maps (B, ...) by name, of the same model and the same classes.
        model: Whose weights are made random, and are as they were afterwards.
        streams: A batch.
        seed: Of the permutations.

    Returns:
        By map the mean over clips of Spearman's rank correlation, at each of `SHARES`; None where a map is
        even, or gone.
    """
    from vidattn.models.graph import inspection

    before, kept = explain(streams), model.get_weights()
    found: dict[str, list[float | None]] = {name: [] for name in before}
    layers = [part for part in inspection.parts(model) if part.get_weights()][::-1]
    rng, done = np.random.default_rng(seed), 0
    try:
        for share in SHARES:
            until = round(share * len(layers))
            for layer in layers[done:until]:
                layer.set_weights([_permuted(w, rng) for w in layer.get_weights()])
            done = until
            after = explain(streams)
            for name, maps in before.items():
                # a combined map is of the stages that show anything, and may come out at another resolution
                alike = name in after and after[name].shape == maps.shape
                found[name].append(similarity(maps, after[name]) if alike else None)
    finally:
        model.set_weights(kept)
    return found


def survives(similarities: list[float | None]) -> bool:
    """Whether a map is much the same with all weights random."""
    last = similarities[-1]
    return last is not None and last >= SURVIVES


def similarity(first: np.ndarray, second: np.ndarray) -> float | None:
    """The mean over clips of the rank correlation of magnitudes; None where either map is even throughout."""
    from scipy.stats import rankdata

    ranks = [rankdata(np.abs(x).reshape(len(x), -1), axis=1) for x in (first, second)]
    centred = [r - r.mean(axis=1, keepdims=True) for r in ranks]
    scale = np.sqrt((centred[0] ** 2).sum(axis=1) * (centred[1] ** 2).sum(axis=1))
    uneven = scale > 0
    if not uneven.any():
        return None
    return float(((centred[0] * centred[1]).sum(axis=1)[uneven] / scale[uneven]).mean())


def _permuted(weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.permutation(weights.ravel()).reshape(weights.shape)
