"""Maps of both streams of a fused cell as one: each scaled first, then averaged (table 6.2 of the thesis)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vidattn.bench.config.cell import Run
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.schema import Params
from vidattn.bench.explain import attention_maps, combined, run_scores
from vidattn.bench.explain.attention_maps import Finished
from vidattn.bench.explain.every_map import steps
from vidattn.bench.explain.run_scores import Scores, Truth
from vidattn.bench.plan import cell_kinds, run_plan
from vidattn.bench.runner import store
from vidattn.bench.train import late_fusion
from vidattn.bench.train.scoring import softmax


@dataclass(frozen=True)
class Fused:
    """The models of two streams, RGB first, and by test clip the probabilities (K,) of their fusion."""

    parts: tuple[Finished, ...]
    probabilities: dict[str, np.ndarray]

    def classes(self, clips: Sequence[str]) -> np.ndarray:
        """What the fusion predicts of clips, (B,)."""
        return np.array([self.probabilities[clip].argmax() for clip in clips])


def load(run: Run, params: Params) -> Fused:
    """The models of a finished fused run; raises `ParamsError` where one is missing."""
    plan = run_plan.resolve(run, params)
    place = store.finished(plan, same_device=False)
    if not place:
        raise ParamsError(f"No whole run {run.id}. Make it with: vidattn run {run.cell.id}")
    scores = late_fusion.stored(place / "scores.npz", run)
    cells = cell_kinds.fused_from(run.cell, params)
    parts = [attention_maps.load(Run(cells[name], run.fold, run.seed), params) for name in ("rgb", "flow")]
    return Fused(tuple(parts), dict(zip(scores["test_ids"].tolist(), softmax(scores["test_logits"]))))


def joined(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Maps of places (B, T, h, w) that both streams have, as one; those of fewer steps are spread in time."""
    found = {}
    for name, pair in {name: (first[name], second[name]) for name in first if name in second}.items():
        if pair[0].ndim == 4 and len(pair[0]) == len(pair[1]):
            longest = max(maps.shape[1] for maps in pair)
            found[name] = combined.combine([steps(maps, longest) for maps in pair])
    return found


def scores(fused: Fused) -> Scores:
    """Scores of the joined maps, Grad-CAM of what the fusion predicts; see `run_scores.scores`."""
    judged = Truth(fused.parts[0])
    classes = fused.classes(judged.clips)
    each = [run_scores.collected(part, judged.clips, classes) for part in fused.parts]
    trained, before = (joined(*pair) for pair in zip(*each))
    return run_scores.judged(judged, trained, before)


def clips(fused: Fused, chosen: list[str] | int) -> list[dict]:
    """What a gallery shows of test clips, as `attention_maps.clips`: frames, and joined maps over them."""
    shown = attention_maps.clips(fused.parts[0], chosen, every=True, classes=fused.classes)
    names = [clip["clip"] for clip in shown]
    of_flow = attention_maps.clips(fused.parts[1], names, every=True, classes=fused.classes)
    made = []
    for rgb, flow in zip(shown, of_flow):
        maps = joined(*({name: value[None] for name, value in each["maps"].items()} for each in (rgb, flow)))
        probabilities = fused.probabilities[rgb["clip"]]
        told = {
            "prediction": fused.parts[0].inputs.classes[probabilities.argmax()],
            "confidence": float(probabilities.max()),
            "maps": {name: value[0] for name, value in maps.items()},
            "true_cam": None,
        }
        made.append({**rgb, **told})
    return made
