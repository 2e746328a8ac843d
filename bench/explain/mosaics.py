"""The grid pointing game on mosaics of clips (Bohle et al., CVPR 2021; Rao et al., CVPR 2022): no masks.

Four clips of different classes play side by side. What speaks for one of these classes can only lie in its
cell, so that of a map for that class the positive relevance should lie there; a quarter does by chance. The
network is the same, at twice the height and width, where its weights do not depend on the size.
"""

from dataclasses import replace

import keras
import numpy as np

from vidattn.bench.explain.attention_maps import Finished, batches
from vidattn.bench.explain.every_map import Explainer
from vidattn.bench.train.scoring import softmax

SIDE = 2  # cells
MOSAICS = 8
CONFIDENT = 0.5  # least probability of the true class, which is the predicted one


def of_run(found: Finished) -> dict[str, dict]:
    """By map of places its `mosaic`: the mean `share` in the right cell, and `n` of mosaics times cells.

    Maps that depend on no class, attention, are the same for all four: their mean is a quarter by
    construction. Empty where the network cannot be enlarged, or too few classes are recognised.
    """
    network = enlarged(found)
    chosen = draw(*_recognised(found)) if network else []
    if not chosen:
        return {}
    explainer = Explainer(network, found.plan.plugins["backbone"])
    shares: dict[str, list] = {}
    for clips in chosen:
        ((streams, classes),) = batches(found, clips, len(clips))
        ((name, x),) = streams.items()
        maps = explainer({name: np.stack([compose(np.asarray(x))] * len(clips))}, classes, guided=False)
        for each, values in maps.items():
            if values.ndim == 4:
                shares.setdefault(each, []).append(share(values, np.arange(len(clips))))
    return {
        name: {"mosaic": {"share": round(float(np.mean(parts)), 4), "n": int(np.size(parts))}}
        for name, parts in shares.items()
    }


def enlarged(found: Finished) -> keras.Model | None:
    """The network of a run for pictures of twice the height and width; None where its weights do not fit."""
    from vidattn.bench.train.model import arguments
    from vidattn.models.build import build

    if found.stream == "features":
        return None  # nothing leads back to the pixels
    given = arguments(replace(found.plan, size=SIDE * found.plan.size), found.inputs)
    own = {name: value for name, value in given["backbone_params"].items() if name != "weights"}
    made = build(**{**given, "backbone_params": own, "freeze": "none"})  # it gets the weights of the run
    weights = found.model.get_weights()
    if [w.shape for w in weights] != [w.shape for w in made.get_weights()]:
        return None
    made.set_weights(weights)
    return made


def _recognised(found: Finished) -> tuple[list[str], list[int]]:
    """The test clips that the model classifies rightly and confidently, and their classes."""
    logits, labels = found.inputs.predict(
        lambda streams: found.model(streams, training=False), "test", found.plan.protocol
    )
    probabilities = softmax(logits)
    sure = (probabilities.argmax(axis=1) == labels) & (probabilities.max(axis=1) >= CONFIDENT)
    ids = found.inputs.ids("test")  # a protocol that drops the last batch scores the first of them
    return [ids[i] for i in np.flatnonzero(sure)], labels[sure].tolist()


def draw(clips: list[str], classes: list[int], seed: int = 0) -> list[list[str]]:
    """`MOSAICS` times four clips of different classes; none where there are fewer than four classes."""
    of: dict[int, list[str]] = {}
    for clip, label in zip(clips, classes):
        of.setdefault(label, []).append(clip)
    if len(of) < SIDE**2:
        return []
    rng = np.random.default_rng(seed)
    drawn = [rng.choice(sorted(of), SIDE**2, replace=False) for _ in range(MOSAICS)]
    return [[str(rng.choice(of[label])) for label in labels] for labels in drawn]


def compose(clips: np.ndarray) -> np.ndarray:
    """Four clips (4, ..., H, W, C), row by row, as one (..., 2 H, 2 W, C)."""
    rows = [np.concatenate(list(clips[i : i + SIDE]), axis=-2) for i in range(0, SIDE**2, SIDE)]
    return np.concatenate(rows, axis=-3)


def share(maps: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """The share of positive relevance of maps (B, T, h, w) in a cell each (B,), numbered row by row.

    Where a cell ends within a position of the map, this counts by its area. Attention counts by magnitude,
    as a gate may be negative: Grad-CAM has no negative values. A map without any mass counts as even.
    """
    total = np.abs(maps).sum(axis=1)
    total = np.where(total.sum(axis=(1, 2), keepdims=True) > 0, total, 1.0)
    rows, columns = (_inside(side)[place] for side, place in zip(total.shape[1:], divmod(cells, SIDE)))
    return np.einsum("bhw,bh,bw->b", total, rows, columns) / total.sum(axis=(1, 2))


def _inside(side: int) -> np.ndarray:
    """By cell the share of each position along a side that lies in it, (2, side)."""
    edges = np.arange(side + 1) / side * SIDE
    return np.stack([np.diff(np.clip(edges - cell, 0, 1)) for cell in range(SIDE)]) * side / SIDE
