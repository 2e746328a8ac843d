"""What one finished run looked at, against the truth, clip by clip; kept in the store."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vidattn.bench.explain import baselines, map_scores
from vidattn.bench.explain.attention_maps import Finished, batches
from vidattn.data.extract import frames
from vidattn.data.files import atomic
from vidattn.data.shards import format as shards

CLIPS = 48  # of a run that are scored at most, drawn from its test clips, the same for all cells
LARGEST = 32  # cells a side that are scored; finer maps are summed up
PIXELS = 800_000  # (or features) of the clips whose gradients are held at once
OWN = "map"  # the map itself, beside its baselines
Scores = dict[str, dict[str, np.ndarray]]  # by map, by "<whose>/<score>" and "clip", (N,)
Maps = dict[str, np.ndarray]


def scores(found: Finished) -> Scores:
    """Scores of every map, and of its baselines, on the test clips with truth."""
    truth = Truth(found)
    return judged(truth, *collected(found, truth.clips))


def collected(found: Finished, clips: Sequence[str], classes: np.ndarray | None = None) -> tuple[Maps, Maps]:
    """Every map of test clips, trained and untrained; Grad-CAM of `classes` (N,), or of those predicted."""
    held: tuple[dict[str, list], dict[str, list]] = ({}, {})
    numbers = found.inputs.features or found.plan.size**2  # of a frame
    batch, done = max(1, PIXELS // (found.inputs.frames * numbers)), 0
    for streams, labels in batches(found, clips, batch):
        asked = _predicted(found, streams) if classes is None else classes[done : done + len(labels)]
        done += len(labels)
        for maps, explainer in zip(held, (found.explainer, found.untrained)):
            for name, value in explainer(streams, asked).items():
                maps.setdefault(name, []).append(value)
    trained, before = ({name: np.concatenate(parts) for name, parts in maps.items()} for maps in held)
    return trained, before


def _predicted(found: Finished, streams: dict) -> np.ndarray:
    return np.asarray(found.model(streams, training=False)).argmax(axis=1)


def judged(truth: "Truth", trained: Maps, before: Maps) -> Scores:
    """Scores of maps of the clips of `truth`, beside those before training."""
    count = len(truth.clips)
    return {
        name: truth.scores(maps, before[name] if len(before.get(name, ())) == count else None)
        for name, maps in trained.items()
        if len(maps) == count and maps.any()  # Grad-CAM where gradients cancel: nothing to score
    }


class Truth:
    """Where and when there is something to see in the test clips of a run."""

    def __init__(self, found: Finished):
        plan, inputs = found.plan, found.inputs
        folder = plan.store / plan.run.cell.dataset / "truth"
        there = [clip for clip in inputs.ids("test") if (folder / f"{clip}.npz").is_file()]
        drawn = np.sort(np.random.default_rng(0).permutation(len(there))[:CLIPS])
        self.clips = tuple(there[i] for i in drawn)
        self.length = inputs.flow_length if found.stream == "flow" else 0
        sources = frames.usable(plan.dataset.stored.name, plan.store)
        choice = {
            "sampling": plan.protocol.sampling,
            "frames": inputs.frames,
            "seconds": plan.protocol.seconds,
        }
        self.picture = found.stream == "image"
        self.known = []
        self._ready: dict[tuple[int, ...], tuple[np.ndarray, dict[str, np.ndarray]]] = {}
        for clip in self.clips:
            at = frames.indices(sources[clip], choice)
            at = at[len(at) // 2 :][:1] if self.picture else at
            self.known.append(map_scores.truth(folder, clip, tuple(at.tolist())))
        try:
            self._pictures = shards.open(plan.pictures) if self.clips else None
        except FileNotFoundError:
            self._pictures = None  # what features were made from is gone: no motion to compare with

    def scores(self, maps: np.ndarray, untrained: np.ndarray | None) -> dict[str, np.ndarray]:
        """Scores of one map, and of every baseline on the same clips."""
        maps = _coarse(maps)
        inside, found = self._inside(maps.shape[1:])
        shaped = {OWN: maps, "other": baselines.other(maps)}
        if untrained is not None and _coarse(untrained).shape == maps.shape:
            shaped["untrained"] = _coarse(untrained)
        for whose, weights in shaped.items():
            found |= _named(whose, _judged(weights, inside))
        return {"clip": np.array(self.clips), **found, **_named(OWN, map_scores.shape(maps))}

    def _inside(self, shape: tuple[int, ...]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """The truth for maps of this shape, and the scores of the baselines that follow from it alone."""
        if shape not in self._ready:
            if len(shape) == 1:  # a clip is one map over its frames
                parts = [self._moments(informative, shape[0])[None] for _, informative in self.known]
            else:
                parts = [map_scores.covered(masks, shape, self.length) for masks, _ in self.known]
            inside = np.stack(parts).astype(float)
            fixed = baselines.blind((len(parts), *shape))
            if self._pictures is not None and not self.picture:
                fixed["motion"] = np.stack([self._motion(clip, shape) for clip in self.clips])
            found: dict[str, np.ndarray] = {}
            for whose, weights in fixed.items():
                found |= _named(whose, _judged(weights, inside))
            self._ready[shape] = inside, found
        return self._ready[shape]

    def _moments(self, informative: np.ndarray, steps: int) -> np.ndarray:
        """Whether a step sees an informative frame; of a flow stack, any of those it is between."""
        seen = [informative[t : t + self.length + 1].any() for t in range(len(informative) - self.length)]
        return np.array(seen)[np.arange(steps) * len(seen) // steps]

    def _motion(self, clip: str, shape: tuple[int, ...]) -> np.ndarray:
        assert self._pictures is not None
        return baselines.motion(self._pictures.read([clip])[0], shape, self.length)


def _judged(weights: np.ndarray, inside: np.ndarray) -> dict[str, np.ndarray]:
    return map_scores.score(weights[:, None] if weights.ndim == 2 else weights, inside)


def _named(whose: str, scores: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {f"{whose}/{name}": values for name, values in scores.items()}


def _coarse(maps: np.ndarray) -> np.ndarray:
    """Maps as large as the picture (Guided Grad-CAM), as sums over blocks of pixels."""
    if maps.ndim == 2 or max(maps.shape[2:]) <= LARGEST:
        return maps
    factor = -(-max(maps.shape[2:]) // LARGEST)
    height, width = (side // factor for side in maps.shape[2:])
    cut = maps[:, :, : height * factor, : width * factor]
    return cut.reshape(*maps.shape[:2], height, factor, width, factor).sum(axis=(3, 5))


def kept(path: Path) -> Scores | None:
    """Scores that are stored; None where there are none, or they are damaged."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            found: Scores = {}
            for key in stored.files:
                name, _, rest = key.partition("/")
                found.setdefault(name, {})[rest] = stored[key]
            return found
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return None


def keep(path: Path, found: Scores) -> None:
    """Stores scores."""
    flat = {f"{name}/{rest}": values for name, part in found.items() for rest, values in part.items()}
    with atomic.replace(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **flat)
