"""What a run reads: its fold, its streams and its batches."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vidattn.bench.cell import Cell, Run
from vidattn.bench.params import Params, ParamsError, Protocol
from vidattn.data import datasets, flow, folds, frames, manifest, pipeline, shards


@dataclass(frozen=True)
class Inputs:
    """The stored streams of a data set and one fold of it.

    `frames` is the number of frames in a clip; `features` the size of a stored frame feature, or None
    where the backbone is trained; `flow_length` the pairs in a flow stack.
    """

    streams: dict[str, shards.Clips]
    labels: dict[str, int]
    groups: dict[str, str]
    classes: tuple[str, ...]
    fold: folds.Fold
    frames: int
    features: int | None
    flow_length: int

    def ids(self, role: str) -> tuple[str, ...]:
        """Clips of `train`, `validation` or `test`, in index order, less those that would not decode."""
        stored = [set(s.ids) for s in self.streams.values()]
        return tuple(i for i in getattr(self.fold, role) if all(i in ids for ids in stored))

    def steps(self, role: str, protocol: Protocol) -> int:
        """Batches in an epoch."""
        n = len(self.ids(role))
        return n // protocol.batch if protocol.drop_remainder else -(-n // protocol.batch)

    def batches(self, role: str, protocol: Protocol, *, seed: int = 0, epoch: int = 0, training: bool = False) -> Iterator:
        """Batches of (streams, labels); only training shuffles and augments."""
        ids = self.ids(role)
        return pipeline.batches(
            self.streams,
            np.array([self.labels[i] for i in ids], dtype="int32"),
            ids,
            protocol.batch,
            seed=seed,
            epoch=epoch,
            shuffle=training and protocol.shuffle,
            augment=protocol.augment if training and protocol.augment else None,
            flow_length=self.flow_length,
            colour=protocol.colour,
            drop_remainder=protocol.drop_remainder,
        )

    def predict(self, model, role: str, protocol: Protocol) -> tuple[np.ndarray, np.ndarray]:
        """Logits (N, K) float32 and labels (N,) of the clips of a role, once, in order.

        All of them, unless the (paper) protocol drops the incomplete last batch.
        """
        logits, labels = [], []
        for streams, truth in self.batches(role, protocol):
            logits.append(np.asarray(model.predict_on_batch(streams), dtype="float32"))
            labels.append(truth)
        return np.concatenate(logits), np.concatenate(labels)


def plugin_streams(architecture: str) -> tuple[str, ...]:
    """The streams that an architecture reads, from its file's STREAMS, without importing Keras."""
    path = Path(__file__).resolve().parent.parent / "models" / "architectures" / f"{architecture}.py"
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "STREAMS":
            return tuple(ast.literal_eval(node.value))
    raise ParamsError(f"{path} has no STREAMS = (...): name the streams that the architecture reads.")


def frame_settings(protocol: Protocol) -> dict:
    """Arguments of `frames.extract` that this protocol asks for."""
    return {"sampling": protocol.sampling, "frames": protocol.frames, "size": protocol.size}


def flow_settings(protocol: Protocol, params: Params) -> dict:
    """Arguments of `flow.extract` that this protocol asks for."""
    chosen = params.flows[protocol.flow]
    settings = {"method": chosen.method, "definition": chosen.definition, "bound": chosen.bound, **chosen.settings}
    if chosen.definition == "anchored":
        settings["length"] = chosen.length
    return {"frames": protocol.frames, "size": protocol.size, **settings}


def stream_paths(cell: Cell, params: Params) -> dict[str, Path]:
    """Where the streams that this cell's protocol reads are stored."""
    protocol, store = params.protocols[cell.protocol], Path(params.store)
    return {
        "rgb": frames.path(cell.dataset, store, **frame_settings(protocol)),
        "flow": flow.path(cell.dataset, store, **flow_settings(protocol, params)),
    }


def open_inputs(run: Run, params: Params) -> Inputs:
    """Open everything that a run reads; raises `ParamsError` that names the missing stage."""
    protocol = params.protocols[run.cell.protocol]
    store = Path(params.store)
    index = manifest.read(run.cell.dataset, store)
    fold = folds.fold(
        run.cell.dataset, store, split=protocol.split, number=run.fold, seed=run.seed, validation=protocol.validation
    )
    wanted = plugin_streams(run.cell.architecture)
    paths = stream_paths(run.cell, params)
    streams = {name: _open(paths[name], name, run.cell.dataset) for name in wanted}
    classes = dataset_classes(run.cell.dataset, index)
    number = {c: k for k, c in enumerate(classes)}
    return Inputs(
        streams=streams,
        labels={r.clip: number[r.label] for r in index.itertuples()},
        groups=dict(zip(index["clip"], index["group"])),
        classes=classes,
        fold=fold,
        frames=protocol.frames,
        features=None,
        flow_length=params.flows[protocol.flow].length,
    )


def dataset_classes(dataset: str, index) -> tuple[str, ...]:
    """All classes of a data set, in label order, also those that a subset lacks."""
    return tuple(datasets.load(dataset).classes) or tuple(sorted(set(index.label)))


def _open(path: Path, stream: str, dataset: str) -> shards.Clips:
    try:
        return shards.open(path)
    except FileNotFoundError:
        kind = {"rgb": "frames", "flow": "flow"}[stream]
        message = f"No {kind} of '{dataset}' at {path}. Make them with: vidattn data {kind} {dataset}"
        raise ParamsError(message) from None
