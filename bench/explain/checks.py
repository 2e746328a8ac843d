"""Sanity and faithfulness of the maps of one run, on a sample of its test clips."""

from collections.abc import Callable

import numpy as np

from vidattn.bench.explain import faithfulness, mosaics, permuted_labels, road, sanity
from vidattn.bench.explain.attention_maps import Finished, batches
from vidattn.bench.train.scoring import softmax

CLIPS = 8  # of the sample


def of_run(found: Finished, permuted: Finished | None = None) -> dict[str, dict]:
    """By map its `sanity`, and where the model reads what the map is laid over, `faithfulness` and `mosaic`.

    `permuted` is the same network trained on permuted labels, where there is one.
    """
    ids = found.inputs.ids("test")
    count = min(CLIPS, len(ids))
    ((streams, _),) = batches(found, [ids[i] for i in np.arange(count) * len(ids) // count], count)
    classes = np.asarray(found.model(streams, training=False)).argmax(axis=1)
    maps = found.explainer(streams, classes)
    similar = sanity.cascade(lambda x: found.explainer(x, classes), found.model, streams)
    learned = permuted_labels.similarity(maps, permuted, streams, classes) if permuted else {}
    used = _Used(found, streams, classes)
    made: dict[str, dict] = {}
    for name, each in maps.items():
        rounded = [_rounded(value) for value in similar[name]]
        made[name] = {"sanity": {"similarity": rounded, "survives": sanity.survives(similar[name])}}
        if name in learned:
            made[name]["sanity"]["labels"] = _rounded(learned[name])
        if scores := used.scores(each):
            made[name]["faithfulness"] = {**scores, "n": count}
    for name, shares in mosaics.of_run(found).items():
        if name in made:
            made[name] |= shares
    return made


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


class _Used:
    """Whether the model uses what maps point to, means over clips."""

    def __init__(self, found: Finished, streams: dict, classes: np.ndarray):
        self._name, x = next(iter(streams.items()))
        self._x = np.asarray(x)
        self._probability = _probability(found, self._name, classes)
        self._random: dict[tuple[int, ...], dict[str, float]] = {}  # by shape of the maps

    def scores(self, maps: np.ndarray) -> dict[str, float]:
        """Of dropped frames; or of deletion, insertion and ROAD beside random cells; none on features."""
        if maps.ndim == 2:
            return _means(faithfulness.dropped_frames(self._x, maps, self._probability))
        if self._name == "features" or not maps.any():
            return {}
        if maps.shape not in self._random:
            cells = faithfulness.random_cells(maps.shape)
            random = self._deletion(cells) | {"road": self._road(cells)}
            self._random[maps.shape] = {f"random_{name}": value for name, value in random.items()}
        sizes = np.abs(maps)
        roads = {"road_most": self._road(sizes), "road_least": self._road(-sizes)}
        return self._deletion(maps) | roads | self._random[maps.shape]

    def _deletion(self, maps: np.ndarray) -> dict[str, float]:
        return _means(faithfulness.deletion(self._x, maps, self._probability))

    def _road(self, order: np.ndarray) -> float:
        return round(float(np.mean(road.curve(self._x, order, self._probability))), 4)


def _means(scores: dict[str, np.ndarray]) -> dict[str, float]:
    return {name: round(float(value.mean()), 4) for name, value in scores.items()}


def _probability(found: Finished, name: str, classes: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    def probability(x: np.ndarray) -> np.ndarray:
        return softmax(found.logits({name: np.asarray(x, "float32")}))[np.arange(len(x)), classes]

    return probability
