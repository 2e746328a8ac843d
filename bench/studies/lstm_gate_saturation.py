"""Saturation: how far the first updates throw the gates of the LSTM head on wide, un-normalised features.

RMSprop's first update moves a weight by about 3.2 times the learning rate, whatever its gradient, so that the
input of a gate moves by up to that much times the L1 norm of the features. Beyond |x| = 2.5 the hard sigmoid
of Keras 2 has no gradient. Each case differs from the published setting in one thing.

What is measured are gates, norms and the loss of the first updates. Gates saturate in heads that later
recognise most clips, so this does not say why the published ResNet50 and Xception collapse, which it does not
reproduce either.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.schema import Params
from vidattn.bench.plan.run_plan import resolve
from vidattn.bench.system.environment import device, versions
from vidattn.bench.train import reproducible
from vidattn.bench.train.fold_data import open_inputs
from vidattn.data.files import atomic

STEPS = (*range(11), 20)  # updates after which the gates are looked at
PROBED = 16  # clips that they are looked at with, the first of the first batch
CELL = Cell("ucf101_12", "mobilenet_v2", "none", "lstm", "icip_narrow")
SHAPE = {"frames": 7, "classes": 101}  # of made-up clips, as for UCF-101


@dataclass(frozen=True)
class Case:
    """One setting: `norm` is the mean L1 norm of made-up features, None where they are real."""

    change: str
    width: int
    norm: float | None
    units: int = 256
    batch: int = 16
    learning_rate: float = 0.001
    scale: float = 1.0
    last: int = 10


SYNTHETIC = (
    Case("pooled", 2048, 600.0),
    Case("as published, VGG", 25088, 9200.0),
    Case("as published, ResNet50", 100352, 38300.0),
    Case("input times 1/7", 25088, 9200.0, scale=1 / 7),
    Case("learning rate 1e-5", 25088, 9200.0, learning_rate=1e-5),
)


def write(params: Params, folder: Path, tell: Callable[[str], None]) -> None:
    """Write synthetic.csv, and real.csv where the features of the real clips are there (else it stays)."""
    reproducible.one_thread()
    rows = [row for case in SYNTHETIC for row in follow(case, synthetic(case), params, tell, **SHAPE)]
    _save(rows, "synthetic", folder / "synthetic.csv")
    try:
        rows = [row for case in real_cases(params) for row in _real(case, params, tell)]
    except ParamsError as error:
        tell(f"real clips left out: {error}")
        return
    _save(rows, CELL.dataset, folder / "real.csv")


def real_cases(params: Params) -> list[Case]:
    """The published setting on real features, and what is changed in it, one thing at a time."""
    inputs, protocol = _open(CELL, params)
    published = Case(
        "as published", inputs.features, None, protocol.head["units"], protocol.batch, last=max(STEPS)
    )
    pooled = _open(CELL.with_(protocol="icip_narrow_pooled"), params)[0].features
    return [
        published,
        replace(published, change="pooled", width=pooled),
        replace(published, change="learning rate 1e-5", learning_rate=1e-5),
        replace(published, change=f"input times 1/{inputs.frames}", scale=1 / inputs.frames),
        replace(published, change="batch 16", batch=16),
    ]


def _open(cell: Cell, params: Params):
    plan = resolve(Run(cell, 1, 0), params)
    return open_inputs(plan), plan.protocol


def _real(case: Case, params: Params, tell: Callable[[str], None]) -> list[dict]:
    name = "icip_narrow_pooled" if case.change == "pooled" else CELL.protocol
    inputs, protocol = _open(CELL.with_(protocol=name), params)
    every = replace(protocol, batch=case.batch)
    epochs = (inputs.batches("train", every, epoch=e, training=True) for e in itertools.count())
    batches = ((x["features"], y) for epoch in epochs for x, y in epoch)
    return follow(case, batches, params, tell, inputs.frames, len(inputs.classes))


def synthetic(case: Case, seed: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches of made-up features after a ReLU (B, T, D), of the case's mean L1 norm, and labels (B,)."""
    draw = np.random.default_rng([seed, case.width])
    shape = (case.batch, SHAPE["frames"], case.width)
    half_normal_mean = 1 / np.sqrt(2 * np.pi)  # of max(0, x), x standard normal
    while True:
        x = np.maximum(draw.standard_normal(shape, dtype="float32"), 0)
        x *= np.float32((case.norm or 0) / (half_normal_mean * case.width))
        yield x, draw.integers(SHAPE["classes"], size=case.batch)


def follow(
    case: Case, batches: Iterable, params: Params, tell: Callable, frames: int, classes: int
) -> list[dict]:
    """Train the head for a few updates; one row a step looked at, before the update that follows it."""
    model = _head(case, params, frames, classes)
    rows: list[dict] = []
    probe = np.empty(0)
    for step, (x, labels) in zip(range(case.last + 1), batches):
        x = x * np.float32(case.scale)
        probe = probe if len(probe) else x[:PROBED]
        seen = gates(model, probe) if step in STEPS else None
        loss = float(model.train_on_batch({"features": x}, labels))
        model.reset_metrics()
        if seen:
            rows.append(
                {**asdict(case), "frames": frames, "step": step, **seen, "loss": loss, "n": len(probe)}
            )
    tell(f"{case.change}, {case.width} wide: {rows[1]['beyond_4']:.0%} of the gates beyond 4 after one step")
    return rows


def _head(case: Case, params: Params, frames: int, classes: int):
    reproducible.quiet_keras().backend.clear_session()
    from vidattn.bench.train.model import compile_model
    from vidattn.models.build import build

    options = {"units": case.units, "gates": "legacy"}
    shape = {"classes": classes, "size": 64, "frames": frames, "from_features": case.width}
    model = build("tiny", "none", "lstm", **shape, architecture_params=options, seed=0)
    compile_model(model, params.protocols["icip_flat"], case.learning_rate)
    return model


def gates(model, x: np.ndarray) -> dict[str, float]:
    """L1 norm of the features (B, T, D), and what goes into the three gates of both directions."""
    layer = model.get_layer("bilstm")
    z = np.concatenate(
        [
            before_gates(layer.forward_layer.get_weights(), x),
            before_gates(layer.backward_layer.get_weights(), x[:, ::-1]),
        ]
    )
    size = np.abs(z)
    shares = {"beyond_2_5": float((size > 2.5).mean()), "beyond_4": float((size > 4).mean())}
    return {"l1": float(np.abs(x).sum(axis=-1).mean()), **shares, "z_mean": float(size.mean())}


def before_gates(weights: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    """Inputs of input, forget and output gate of an LSTM with hard sigmoids of Keras 2, (T, 3, B, units)."""
    kernel, recurrent, bias = weights
    h = c = np.zeros((len(x), len(recurrent)), "float32")
    found = []
    for t in range(x.shape[1]):
        z = np.split(x[:, t] @ kernel + h @ recurrent + bias, 4, axis=1)  # input, forget, cell, output
        found.append([z[0], z[1], z[3]])
        i, f, o = (np.clip(0.2 * gate + 0.5, 0, 1) for gate in found[-1])
        c = f * c + i * np.tanh(z[2])
        h = o * np.tanh(c)
    return np.array(found)


def _save(rows: list[dict], features: str, path: Path) -> None:
    made = " ".join(f"{name} {version}" for name, version in versions().items())
    frame = pd.DataFrame(rows).drop(columns="last").assign(device=device(), versions=made)
    frame.insert(0, "features", features)
    atomic.write(path, frame.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
