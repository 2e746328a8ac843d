"""A trained cell as it is used: one model, or those of the streams that its scores are fused from."""

import json
from dataclasses import dataclass

from vidattn.bench.config.cell import Run
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.schema import Params
from vidattn.bench.explain import attention_maps
from vidattn.bench.explain.attention_maps import Finished
from vidattn.bench.plan import cell_kinds, run_plan
from vidattn.bench.runner import store

PICTURES = {"rgb", "image", "features"}  # streams that are made of frames, in the model


@dataclass(frozen=True)
class Trained:
    """A run whose models are at hand.

    Attributes:
        run: The run.
        parts: Its model, or one for each of its streams.
        shares: What each counts in the mean of their probabilities; they sum to 1.
    """

    run: Run
    parts: tuple[Finished, ...]
    shares: tuple[float, ...] = (1.0,)

    @property
    def first(self) -> Finished:
        """The model whose frames and classes are those of all."""
        return self.parts[0]

    @property
    def pictures(self) -> Finished | None:
        """The model that reads frames, if there is one."""
        return next((part for part in self.parts if set(part.inputs.streams) <= PICTURES), None)

    @property
    def flow(self) -> Finished | None:
        """The model that reads flow, if there is one."""
        return next((part for part in self.parts if "flow" in part.inputs.streams), None)


def load(run: Run, params: Params) -> Trained:
    """The models of a finished run with their weights; raises `ParamsError` where there are none."""
    streams = cell_kinds.fused_from(run.cell, params)
    if not streams:
        return Trained(run, (attention_maps.load(run, params),))
    place = store.finished(run_plan.resolve(run, params), same_device=False)
    if not place:
        raise ParamsError(
            f"No whole run {run.id}. Train it with: vidattn run {run.cell.id} --fold {run.fold} "
            f"--seed {run.seed}"
        )
    weight = json.loads((place / "run.json").read_text(encoding="utf-8")).get("fusion_weight")
    if weight is None:
        raise ParamsError(f"{run.id} fuses its streams by an SVM, which was not kept: use fusion: average.")
    parts = [attention_maps.load(Run(cell, run.fold, run.seed), params) for cell in streams.values()]
    return Trained(run, tuple(parts), (weight, 1 - weight))
