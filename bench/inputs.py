"""What a run reads: its fold, its streams and its batches."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vidattn.bench import encode, plugins
from vidattn.bench.cell import Cell, Run
from vidattn.bench.params import Params, ParamsError, Protocol
from vidattn.data import datasets, flow, folds, frames, manifest, pipeline, shards

ROOT = plugins.ROOT


@dataclass(frozen=True)
class Inputs:
    """The stored streams of a data set and one fold of it.

    `frames` is the number of frames in a clip; `features` the size of a stored frame feature, or None
    where the backbone is trained; `flow_length` the pairs in a flow stack and `stack` how they are joined;
    `padded` tells whether shorter clips end in frames of zeros.
    """

    streams: dict[str, shards.Clips]
    labels: dict[str, int]
    groups: dict[str, str]
    classes: tuple[str, ...]
    fold: folds.Fold
    frames: int
    features: int | None
    flow_length: int
    padded: bool = False
    stack: str = "consecutive"

    def ids(self, role: str) -> tuple[str, ...]:
        """Clips of `train`, `validation` or `test`, in the fold's order, less those that would not decode."""
        stored = [set(s.ids) for s in self.streams.values()]
        return tuple(i for i in getattr(self.fold, role) if all(i in ids for ids in stored))

    def steps(self, role: str, protocol: Protocol) -> int:
        """Batches in an epoch."""
        n = len(self.ids(role))
        return n // protocol.batch if protocol.drop_remainder else -(-n // protocol.batch)

    def batches(
        self, role: str, protocol: Protocol, *, seed: int = 0, epoch: int = 0, training: bool = False
    ) -> Iterator:
        """Batches of (streams, labels); only training shuffles, augments and reads `train_frames`."""
        ids = self.ids(role)
        shuffle = training and protocol.shuffle
        made = pipeline.batches(
            self.streams,
            np.array([self.labels[i] for i in ids], dtype="int32"),
            ids,
            protocol.batch,
            seed=seed,
            epoch=epoch,
            shuffle=shuffle,
            augment=protocol.augment if training and protocol.augment else None,
            flow_length=self.flow_length,
            flow_kind=self.stack,
            colour=protocol.colour,
            drop_remainder=protocol.drop_remainder,
            frames=self.frames if self.features else None,
            one_frame=training and protocol.train_frames == 1,
        )
        rows = _rows(pipeline.order(len(ids), seed, epoch, shuffle), protocol.batch)
        return (({**x, **self._prepared(x, protocol, seed, epoch, r)}, y) for (x, y), r in zip(made, rows))

    def _prepared(self, batch: dict, protocol: Protocol, seed: int, epoch: int, rows: np.ndarray) -> dict:
        """Stored features scaled, or with their frames shuffled, as the protocol says.

        The order of a clip's frames follows from seed, epoch and its row alone, whatever the batch.
        """
        if not self.features:
            return {}
        x = batch["features"]
        if (
            protocol.normalise
        ):  # every frame to length sqrt(D), so that values are of order one; padding stays zero
            norm = np.linalg.norm(x, axis=-1, keepdims=True)
            x = x * np.sqrt(x.shape[-1], dtype="float32") / np.maximum(norm, 1e-6)
        if protocol.order == "shuffled":
            from vidattn.models.masking import real_frames

            # the 2 tells these numbers from those of augmentation
            draws = np.stack([np.random.default_rng([seed, epoch, r, 2]).random(x.shape[1]) for r in rows])
            draws[~real_frames(x, np)] = 2.0  # padding stays behind every frame
            x = np.take_along_axis(x, draws.argsort(axis=1, kind="stable")[..., None], axis=1)
        return {"features": x}

    def predict(self, model, role: str, protocol: Protocol) -> tuple[np.ndarray, np.ndarray]:
        """Logits (N, K) float32 and labels (N,) of the clips of a role, once, in order.

        All of them, unless the (paper) protocol drops the incomplete last batch.
        """
        if protocol.train_frames:  # as many frames at a time as in a step of training, to fit the memory
            batch = max(1, protocol.batch * protocol.train_frames // self.frames)
            protocol = replace(protocol, batch=batch)
        logits, labels = [], []
        for streams, truth in self.batches(role, protocol):
            logits.append(np.asarray(model.predict_on_batch(streams), dtype="float32"))
            labels.append(truth)
        return np.concatenate(logits), np.concatenate(labels)


def _rows(order: np.ndarray, batch: int) -> Iterator[np.ndarray]:
    """The rows of every batch of an epoch."""
    return (order[start : start + batch] for start in range(0, len(order), batch))


def plugin_path(architecture: str) -> Path:
    """The file of an architecture; what trains nothing (the leakage probe) is no model and lies in bench."""
    path = ROOT / "models" / "architectures" / f"{architecture}.py"
    return path if path.exists() else ROOT / "bench" / f"{architecture}.py"


def plugin_streams(architecture: str) -> tuple[str, ...]:
    """The streams that an architecture reads, from its file's STREAMS, without importing Keras."""
    why = "name the streams that the architecture reads"
    return tuple(plugins.declared(plugin_path(architecture), "STREAMS", why))


def flow_settings(cell: Cell, params: Params) -> dict:
    """Arguments of `flow.extract` that this cell asks for."""
    protocol = params.protocols[cell.protocol]
    chosen = params.flows[protocol.flow]
    settings = {
        "method": chosen.method,
        "definition": chosen.definition,
        "bound": chosen.bound,
        **chosen.settings,
    }
    if chosen.definition == "anchored":
        settings["length"] = chosen.length
    return {"frames": protocol.frames, "size": encode.size(cell, params), **settings}


def stream_paths(cell: Cell, params: Params) -> dict[str, Path]:
    """Where the streams that this cell reads are stored."""
    protocol, store = params.protocols[cell.protocol], Path(params.store)
    if protocol.encoder == "frozen":
        return {"features": encode.path(cell, params)}
    pictures = frames.path(cell.dataset, store, **encode.frame_settings(cell, params))
    every = {
        "rgb": pictures,
        "image": pictures,  # one frame of each clip, or the picture itself
        "flow": flow.path(cell.dataset, store, **flow_settings(cell, params)),
    }
    return {stream: every[stream] for stream in plugin_streams(cell.architecture)}


def open_inputs(run: Run, params: Params) -> Inputs:
    """Open everything that a run reads; raises `ParamsError` that names the missing stage."""
    protocol = params.protocols[run.cell.protocol]
    store = Path(params.store)
    index = manifest.read(run.cell.dataset, store)
    fold = folds.fold(
        run.cell.dataset,
        store,
        split=protocol.split,
        number=run.fold,
        seed=run.seed,
        validation=protocol.validation,
    )
    paths = stream_paths(run.cell, params)
    streams = {name: _open(path, name, run.cell.dataset) for name, path in paths.items()}
    stored = streams.get("features")
    classes = dataset_classes(run.cell.dataset, index)
    number = {c: k for k, c in enumerate(classes)}
    return Inputs(
        streams=streams,
        labels={r.clip: number[r.label] for r in index.itertuples()},
        groups=dict(zip(index["clip"], index["group"])),
        classes=classes,
        fold=fold,
        frames=protocol.frames or int(stored.lengths.mean()),
        features=stored.shape[0] if stored else None,
        flow_length=params.flows[protocol.flow].length,
        padded=stored is not None and stored.ragged,
        stack=params.flows[protocol.flow].stack,
    )


def dataset_classes(dataset: str, index) -> tuple[str, ...]:
    """All classes of a data set, in label order, also those that a subset lacks."""
    return tuple(datasets.load(dataset).classes) or tuple(sorted(set(index.label)))


def _open(path: Path, stream: str, dataset: str) -> shards.Clips:
    try:
        return shards.open(path)
    except FileNotFoundError:
        kind = {"rgb": "frames", "image": "frames"}.get(stream, stream)
        message = f"No {kind} of '{dataset}' at {path}. Make them with: vidattn data {kind} {dataset}"
        raise ParamsError(message) from None
