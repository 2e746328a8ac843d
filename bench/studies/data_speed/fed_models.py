"""The models that the speed comparison feeds: a frozen backbone, and the smallest cell's training step."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from vidattn.bench.config.schema import Params
from vidattn.bench.train import reproducible

Encode = Callable[[np.ndarray], np.ndarray]
SMALLEST = ("tiny", "none", "frame_average")  # of the demo's models the one with the shortest step


def encoders(weights: Path | None) -> tuple[Encode, Encode]:
    """MobileNetV2 in batches, and by `predict` on one frame at a time as the ICIP code calls it.

    Args:
        weights: Folded ImageNet weights; `None`: random ones, which take as long.

    Returns:
        Two functions of frames `(N, 224, 224, 3)` in [-1, 1] that return features `(N, 1280)`.
    """
    reproducible.one_thread()
    from vidattn.models import build

    options = {"weights": str(weights)} if weights else {}
    model = build.features("mobilenet_v2", size=224, backbone_params=options)
    return model.predict_on_batch, lambda frames: model.predict(frames, verbose=0)


def step(params: Params, classes: int = 12) -> Callable[[dict[str, np.ndarray], np.ndarray], float]:
    """The training step of the smallest cell, `(arrays by stream, labels) -> loss`."""
    reproducible.one_thread()
    from vidattn.bench.train.model import compile_model
    from vidattn.models import build

    protocol = params.protocols["clean"]
    model = build.build(*SMALLEST, classes=classes, size=protocol.size, frames=protocol.frames)
    compile_model(model, protocol, protocol.rates[0])
    return lambda streams, labels: float(model.train_on_batch(streams, labels))
