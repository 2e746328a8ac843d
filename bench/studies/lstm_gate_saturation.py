"""Saturation: how far the first updates throw the gates of the LSTM head on wide, un-normalised features.

The first update of RMSprop as published moves a weight by about 3.2 times the learning rate, whatever its
gradient, so that the input of a gate moves by up to that much times the L1 norm of the features. Beyond
|x| = 2.5 the hard sigmoid of Keras 2 has no gradient. Each case differs in one thing from the first of its
features; real ones have 64 units, not 256, and Xception's have their batch of 16.

What is measured are gates, norms and the loss of the first updates; whether a head then learns is what its
training to the end says (suites icip_flat and icip_flat_xception).
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.schema import Params
from vidattn.bench.plan.run_plan import RunPlan, resolve
from vidattn.bench.system.environment import device, versions
from vidattn.bench.train import reproducible
from vidattn.bench.train.fold_data import Inputs, open_inputs
from vidattn.data.files import atomic

STEPS = (*range(11), 20)  # updates after which the gates are looked at
PROBED = 16  # clips that they are looked at with, the first of the first batch
CELL = Cell("ucf101_12", "mobilenet_v2", "none", "lstm", "icip_narrow")
XCEPTION = CELL.with_(backbone="xception", protocol="icip_narrow_16")  # with their batch for it
REAL = {  # the published setting on real features, and one thing changed at a time
    "as published": CELL,
    "pooled": CELL.with_(protocol="icip_narrow_pooled"),
    "learning rate 1e-5": CELL.with_(protocol="icip_narrow_slow"),
    "input times 1/T": CELL.with_(architecture="uniform_lstm"),
    "batch 16": CELL.with_(protocol="icip_narrow_16"),
    "logistic gates": CELL.with_(protocol="icip_narrow_gates"),
    "epsilon under the root": CELL.with_(protocol="icip_narrow_epsilon"),
}
SHAPE = {"frames": 7, "classes": 101}  # of made-up clips, as for UCF-101


@dataclass(frozen=True)
class Case:
    """One setting.

    Attributes:
        change: Its name.
        width: Numbers of a frame's features.
        norm: Mean L1 norm of made-up features, None where they are real.
        units: Of the LSTM, each way.
        batch: Clips of an update.
        learning_rate: Of the optimiser of `protocol`.
        scale: What the features are multiplied by.
        last: The last update that is looked at.
        protocol: The one whose optimiser and gates it has.
    """

    change: str
    width: int
    norm: float | None
    units: int = 256
    batch: int = 16
    learning_rate: float = 0.001
    scale: float = 1.0
    last: int = 10
    protocol: str = "icip_flat"


SYNTHETIC = (
    Case("pooled", 2048, 600.0),
    Case("as published, VGG", 25088, 9200.0),
    Case("as published, ResNet50", 100352, 38300.0),
    Case("input times 1/7", 25088, 9200.0, scale=1 / 7),
    Case("learning rate 1e-5", 25088, 9200.0, learning_rate=1e-5),
)


def write(params: Params, folder: Path, tell: Callable[[str], None]) -> None:
    """Write synthetic.csv, and real.csv and xception.csv where those features are stored (else they stay)."""
    reproducible.one_thread()
    rows = [row for case in SYNTHETIC for row in follow(case, synthetic(case), params, tell, **SHAPE)]
    _save(rows, "synthetic", folder / "synthetic.csv")
    for name, cells in (("real", REAL), ("xception", {"as published, Xception": XCEPTION})):
        try:
            rows = [row for change, cell in cells.items() for row in _real(change, cell, params, tell)]
        except ParamsError as error:
            tell(f"{name}.csv not made: {error}")
            continue
        _save(rows, CELL.dataset, folder / f"{name}.csv")


def case_of(change: str, plan: RunPlan, inputs: Inputs) -> Case:
    """The setting of a run; an LSTM on features times 1 / T stands for `uniform_lstm`."""
    protocol, (rate,) = plan.protocol, plan.protocol.rates
    scale = 1 / inputs.frames if plan.run.cell.architecture == "uniform_lstm" else 1.0
    shape = (protocol.head["units"], protocol.batch, rate, scale)
    return Case(change, inputs.features, None, *shape, last=max(STEPS), protocol=plan.run.cell.protocol)


def _real(change: str, cell: Cell, params: Params, tell: Callable[[str], None]) -> list[dict]:
    plan = resolve(Run(cell, 1, 0), params)
    inputs = open_inputs(plan)
    epochs = (inputs.batches("train", plan.protocol, epoch=e, training=True) for e in itertools.count())
    batches = ((x["features"], y) for epoch in epochs for x, y in epoch)
    case = case_of(change, plan, inputs)
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
    hard = params.protocols[case.protocol].head.get("gates", "legacy") == "legacy"
    model = _head(case, params, frames, classes, hard)
    rows: list[dict] = []
    probe = np.empty(0)
    for step, (x, labels) in zip(range(case.last + 1), batches):
        x = x * np.float32(case.scale)
        probe = probe if len(probe) else x[:PROBED]
        seen = gates(model, probe, hard) if step in STEPS else None
        loss = float(model.train_on_batch({"features": x}, labels))
        model.reset_metrics()
        if seen:
            rows.append(
                {**asdict(case), "frames": frames, "step": step, **seen, "loss": loss, "n": len(probe)}
            )
    tell(f"{case.change}, {case.width} wide: {rows[1]['beyond_4']:.0%} of the gates beyond 4 after one step")
    return rows


def _head(case: Case, params: Params, frames: int, classes: int, hard: bool):
    reproducible.quiet_keras().backend.clear_session()
    from vidattn.bench.train.model import compile_model
    from vidattn.models.build import build

    options = {"units": case.units, "gates": "legacy" if hard else "modern"}
    shape = {"classes": classes, "size": 64, "frames": frames, "from_features": case.width}
    model = build("tiny", "none", "lstm", **shape, architecture_params=options, seed=0)
    compile_model(model, params.protocols[case.protocol], case.learning_rate)
    return model


def gates(model, x: np.ndarray, hard: bool = True) -> dict[str, float]:
    """L1 norm of the features (B, T, D), and what goes into the three gates of both directions."""
    layer = model.get_layer("bilstm")
    each = ((layer.forward_layer, x), (layer.backward_layer, x[:, ::-1]))
    z = np.concatenate([before_gates(way.get_weights(), steps, hard) for way, steps in each])
    size = np.abs(z)
    shares = {"beyond_2_5": float((size > 2.5).mean()), "beyond_4": float((size > 4).mean())}
    return {"l1": float(np.abs(x).sum(axis=-1).mean()), **shares, "z_mean": float(size.mean())}


def before_gates(weights: list[np.ndarray], x: np.ndarray, hard: bool = True) -> np.ndarray:
    """What goes into input, forget and output gate of an LSTM, (T, 3, B, units).

    Args:
        weights: Kernel (D, 4 units), recurrent kernel (units, 4 units) and bias (4 units,).
        x: Features (B, T, D).
        hard: Whether gates are the hard sigmoids of Keras 2, or logistic.
    """
    kernel, recurrent, bias = weights
    h = c = np.zeros((len(x), len(recurrent)), "float32")
    found = []
    for t in range(x.shape[1]):
        z = np.split(x[:, t] @ kernel + h @ recurrent + bias, 4, axis=1)  # input, forget, cell, output
        found.append([z[0], z[1], z[3]])
        i, f, o = (np.clip(0.2 * gate + 0.5, 0, 1) if hard else _logistic(gate) for gate in found[-1])
        c = f * c + i * np.tanh(z[2])
        h = o * np.tanh(c)
    return np.array(found)


def _logistic(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * x))  # never overflows


def _save(rows: list[dict], features: str, path: Path) -> None:
    made = " ".join(f"{name} {version}" for name, version in versions().items())
    frame = pd.DataFrame(rows).drop(columns=["last", "protocol"]).assign(device=device(), versions=made)
    frame.insert(0, "features", features)
    atomic.write(path, frame.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
