"""Measured rates of the full-size ICIP runs: CPU-seconds a training step of each head, and a frame encoded.

Made-up inputs and random weights of the published sizes; what is computed does not depend on the values.
"""

import gc
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from vidattn.bench.config import plugin_files
from vidattn.bench.config.schema import Params
from vidattn.bench.results import study_code
from vidattn.bench.system.environment import device, versions
from vidattn.bench.train import reproducible
from vidattn.data.files import atomic

HEADS = ("lstm", "lstm_attention", "attention_lstm")
FRAMES, CLASSES = 7, 101  # UCF-101 at a frame a second
# Width of the last map at 224, flattened; vgg19 has the shapes of vgg16, xception those of resnet50.
WIDTHS = {"vgg16": 25088, "inception_v3": 51200, "resnet50": 100352}
ENCODERS = ("vgg16", "vgg19", "inception_v3", "resnet50", "xception")
ENCODED = 16  # frames in a forward pass
REPEATS = 2  # after one that is not counted


def write(params: Params, path: Path, tell: Callable[[str], None]) -> None:
    """Measure every head and encoder on one core, and write one row each."""
    reproducible.one_thread()
    rows = []
    for backbone, width in WIDTHS.items():
        name = "icip_flat_16" if backbone == "resnet50" else "icip_flat"
        rows += [_step(backbone, width, head, params.protocols[name]) for head in HEADS]
        tell(str(rows[-1]))
    for backbone in ENCODERS:
        rows += [_frame(backbone, size) for size in sorted({224, plugin_files.native_size(backbone)})]
        tell(str(rows[-1]))
    made = " ".join(f"{name} {version}" for name, version in versions().items())
    frame = pd.DataFrame(rows).assign(n=REPEATS, device=device(), versions=made)
    frame = study_code.stamped(frame, "rates")
    atomic.write(path, frame.to_csv(index=False, float_format="%.4g", lineterminator="\n"))


def _step(backbone: str, width: int, head: str, protocol) -> dict:
    """CPU-seconds of a training step of a head on flat features."""
    from vidattn.bench.train.model import compile_model
    from vidattn.models import build

    shape = {"classes": CLASSES, "size": 224, "frames": FRAMES, "from_features": width}
    model = build.build(backbone, "none", head, **shape, architecture_params={"gates": "legacy"})
    compile_model(model, protocol, protocol.rates[0])
    draw = np.random.default_rng(0)
    x = {"features": draw.random((protocol.batch, FRAMES, width), dtype="float32")}
    y = draw.integers(CLASSES, size=protocol.batch)
    seconds = _cpu_seconds(lambda: model.train_on_batch(x, y))
    return {
        "what": "step",
        "backbone": backbone,
        "architecture": head,
        "size": 224,
        "width": width,
        "batch": protocol.batch,
        "cpu_seconds": seconds,
    }


def _frame(backbone: str, size: int) -> dict:
    """CPU-seconds of encoding one frame, in passes of `ENCODED`."""
    from vidattn.models import build

    model = build.features(backbone, size=size, pool="flat")
    x = np.random.default_rng(0).random((ENCODED, size, size, 3), dtype="float32")
    seconds = _cpu_seconds(lambda: model.predict_on_batch(x)) / ENCODED
    return {
        "what": "frame",
        "backbone": backbone,
        "architecture": "",
        "size": size,
        "width": model.output.shape[-1],
        "batch": ENCODED,
        "cpu_seconds": seconds,
    }


def _cpu_seconds(work: Callable[[], object]) -> float:
    """Mean CPU-seconds of this process over the repeats, after one call that is not counted."""
    work()
    start = time.process_time()
    for _ in range(REPEATS):
        work()
    seconds = (time.process_time() - start) / REPEATS
    reproducible.quiet_keras().backend.clear_session()
    gc.collect()  # the largest head has 200 million weights
    return seconds
