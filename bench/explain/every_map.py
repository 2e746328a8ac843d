"""Every map of a model on a batch: attention, rollout, Grad-CAM at each stage, Guided Grad-CAM, over time.

A map of places is (B, T, h, w), one of moments (B, T).
"""

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

STAGES = ("early", "medium", "late")  # of which a combined map is made
COMBINED, TIME = "combined", "time"
ROLLOUT, ROLLOUT_TIME = "rollout", "rollout_time"
CAM, GUIDED, TIME_GRADIENT = "grad_cam", "guided_grad_cam", "time_gradient"
OVER_TIME = (TIME, ROLLOUT_TIME, TIME_GRADIENT)


class Explainer:
    """What a model looks at."""

    def __init__(self, model: Any, backbone: str):
        self.model, self.backbone = model, backbone

    def __call__(
        self, streams: dict, classes: np.ndarray | None = None, guided: bool = True
    ) -> dict[str, np.ndarray]:
        """All maps by name.

        Args:
            streams: A batch.
            classes: (B,) that Grad-CAM explains; by default those that the model predicts.
            guided: Also Guided Grad-CAM, as large as the picture.

        Returns:
            Attention by stage, `combined`, `time`, `rollout` (or `rollout_time`); `grad_cam` at the late
            stage (or the last that there is), `grad_cam_<stage>` at the others, `grad_cam_combined`,
            `guided_grad_cam`, `time_gradient`. What a model has not is left out.
        """
        maps = self.attention(streams)
        return maps | self.gradients(streams, classes, guided)

    @cached_property
    def attention(self) -> Callable[[dict], dict[str, np.ndarray]]:
        """See `attention`."""
        return attention(self.model)

    @cached_property
    def _layers(self) -> dict:
        """The layers that gradients are taken by: of each stage, and that of the frames' features."""
        from vidattn.bench.explain import grad_cam

        found = grad_cam.stages(self.model, self.backbone)
        features = None if "image" in self.model.input else grad_cam.joined(self.model)
        return found if features is None else {**found, TIME_GRADIENT: features}

    def gradients(
        self, streams: dict, classes: np.ndarray | None = None, guided: bool = True
    ) -> dict[str, np.ndarray]:
        """The maps that follow from gradients of a class's score."""
        from vidattn.bench.explain import grad_cam
        from vidattn.bench.explain import guided as guided_module

        if not self._layers:
            return {}
        seen, slopes, classes = grad_cam.gradients(self.model, streams, self._layers, classes)
        count, stages = len(classes), [name for name in self._layers if name != TIME_GRADIENT]
        found = _cams({name: grad_cam.weighted(seen[name], slopes[name], count) for name in stages})
        if guided and found and "features" not in streams:
            pixels = guided_module.maps(self.model, streams, classes)
            found[GUIDED] = guided_module.product(pixels, steps(found[CAM], pixels.shape[1]))
        if TIME_GRADIENT in self._layers:
            found[TIME_GRADIENT] = grad_cam.over_time(seen[TIME_GRADIENT], slopes[TIME_GRADIENT])
        return found


def _cams(cams: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Grad-CAM by stage under the names of maps; stages that the class does not depend on are left out."""
    cams = {stage: cam for stage, cam in cams.items() if cam.any()}
    if not cams:
        return {}
    usual = "late" if "late" in cams else list(cams)[-1]
    found = {CAM: cams[usual]}
    found |= {f"{CAM}_{stage}": cam for stage, cam in cams.items() if stage != usual}
    together = _together([cams[stage] for stage in STAGES if stage in cams])
    return found if together is None else {**found, f"{CAM}_{COMBINED}": together}


def steps(maps: np.ndarray, steps: int) -> np.ndarray:
    """Maps (B, T', h, w) spread over more steps."""
    return maps[:, np.arange(steps) * maps.shape[1] // steps]


def _together(maps: list[np.ndarray]) -> np.ndarray | None:
    """The combined map, where there are several of the same steps."""
    from vidattn.bench.explain import combined

    same = len({each.shape[1] for each in maps}) == 1
    return combined.combine(maps) if len(maps) > 1 and same else None


def attention(model) -> Callable[[dict], dict[str, np.ndarray]]:
    """A function from a batch of streams to the attention maps: by stage (B, T, h, w), and `time` (B, T).

    Channels are averaged over magnitudes, features of temporal weights over their values; gates of channels
    have no place and are left out. Maps among tokens become one, the rollout.
    """
    from keras import ops

    from vidattn.bench.explain import rollout
    from vidattn.models.graph import inspection

    try:
        every = inspection.maps(model)
    except ValueError:  # no attention
        return lambda streams: {}
    picture = "image" in model.input

    def maps(streams: dict) -> dict[str, np.ndarray]:
        raw = {name: ops.convert_to_numpy(v) for name, v in every(streams, training=False).items()}
        tokens = {name: value for name, value in raw.items() if rollout.tokens(name)}
        found = {
            _short(name): _placed(name, value, picture)
            for name, value in raw.items()
            if "channel_map" not in name and name not in tokens
        }
        if tokens:
            rolled = rollout.weights(tokens, next(iter(streams.values())).shape[1])
            found[ROLLOUT if rolled.ndim == 4 else ROLLOUT_TIME] = rolled
        together = _together([found[stage] for stage in STAGES if stage in found])
        return found if together is None else {**found, COMBINED: together}

    return maps


def _short(name: str) -> str:
    """The stage of a map, or `time`, or its whole name."""
    stage = re.search("|".join(STAGES), name)
    return stage.group() if stage else TIME if name.endswith("time_map") else name


def _placed(name: str, value: np.ndarray, picture: bool) -> np.ndarray:
    if name.endswith("time_map"):
        return value.mean(axis=-1)  # (B, T, D) to (B, T)
    value = value[:, None] if picture else value  # one frame
    return np.abs(value).mean(axis=-1) if value.ndim == 5 else value
