"""What a run reads: its fold, its streams and its batches."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.schema import Protocol
from vidattn.bench.plan.run_plan import RunPlan
from vidattn.data.batches import folds, pipeline
from vidattn.data.batches.views import Views
from vidattn.data.datasets import Dataset
from vidattn.data.index import manifest
from vidattn.data.shards import format as shards

RESIDENT_MB = 512.0  # features of one side of a fold that are held in memory; more is read batch by batch


@dataclass(frozen=True)
class Inputs:
    """The stored streams of a data set and one fold of it.

    `frames` is the number of frames in a clip; `features` the size of a stored frame feature, or None
    where the backbone is trained; `flow_length` the pairs in a flow stack and `stack` how they are joined;
    `padded` tells whether shorter clips end in frames of zeros.
    """

    streams: dict[str, shards.Clips | Views]
    labels: dict[str, int]
    groups: dict[str, str]
    classes: tuple[str, ...]
    fold: folds.Fold
    frames: int
    features: int | None
    flow_length: int
    padded: bool = False
    stack: str = "consecutive"
    _kept: dict[tuple, dict[str, np.ndarray]] = field(default_factory=dict, repr=False, compare=False)

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
        labels = np.array([self.labels[i] for i in ids], dtype="int64")
        order = {
            "seed": seed,
            "epoch": epoch,
            "shuffle": training and protocol.shuffle,
            "drop_remainder": protocol.drop_remainder,
        }
        rows = pipeline.rows(len(ids), protocol.batch, **order)
        if self.features and ids and self._megabytes(ids) <= RESIDENT_MB:
            held = self._held(role, labels, protocol)
            made = (({name: array[r] for name, array in held.items()}, labels[r]) for r in rows)
        else:
            training_only = {
                "augment": protocol.augment or None,
                "one_frame": protocol.train_frames == 1,
            }
            made = self._read(
                ids, labels, protocol.batch, protocol, **order, **(training_only if training else {})
            )
        if self.features and protocol.order == "shuffled":
            return (
                ({k: _reordered(v, seed, epoch, r) for k, v in x.items()}, y) for (x, y), r in zip(made, rows)
            )
        return made

    def _read(
        self, ids: tuple[str, ...], labels: np.ndarray, batch: int, protocol: Protocol, **options
    ) -> Iterator:
        """Batches from the store, features scaled as the protocol says."""
        made = pipeline.batches(
            self.streams,
            labels,
            ids,
            batch,
            flow_length=self.flow_length,
            flow_kind=self.stack,
            colour=protocol.colour,
            frames=self.frames if self.features else None,
            **options,
        )
        if self.features and protocol.normalise:
            return (({name: _normalised(array) for name, array in x.items()}, y) for x, y in made)
        return made

    def _held(self, role: str, labels: np.ndarray, protocol: Protocol) -> dict[str, np.ndarray]:
        """All features (N, T, D) of a role, read once and kept."""
        key = (role, protocol.normalise)
        if key not in self._kept:
            ids = self.ids(role)
            self._kept[key], _ = next(self._read(ids, labels, len(ids), protocol, prefetch=0))
        return self._kept[key]

    def _megabytes(self, ids: tuple[str, ...]) -> float:
        """What the stored features of these clips take as batches."""
        frame = sum(int(np.prod(clips.shape)) for clips in self.streams.values())
        return 4 * len(ids) * self.frames * frame / 2**20

    def samples(self, protocol: Protocol, count: int) -> dict[str, np.ndarray]:
        """One frame or stack of each of `count` training clips, by stream (N, H, W, C); always the same."""
        once = replace(protocol, batch=count, shuffle=True, drop_remainder=False, augment={}, train_frames=1)
        streams, _ = next(iter(self.batches("train", once, training=True)))
        return {name: x.reshape(-1, *x.shape[-3:]) for name, x in streams.items()}

    def predict(self, scores: Callable, role: str, protocol: Protocol) -> tuple[np.ndarray, np.ndarray]:
        """Logits (N, K) float32 by `scores(streams)`, and labels (N,), of the clips of a role, in order.

        All of them, unless the (paper) protocol drops the incomplete last batch.
        """
        if protocol.train_frames:  # as many frames at a time as in a step of training, to fit the memory
            batch = max(1, protocol.batch * protocol.train_frames // self.frames)
            protocol = replace(protocol, batch=batch)
        logits, labels = [], []
        for streams, truth in self.batches(role, protocol):
            logits.append(np.asarray(scores(streams), dtype="float32"))
            labels.append(truth)
        return np.concatenate(logits), np.concatenate(labels)


def _normalised(x: np.ndarray) -> np.ndarray:
    """Every frame (..., D) at length sqrt(D), so that values are of order one; padding stays zero."""
    norm = np.linalg.norm(x, axis=-1, keepdims=True)
    return x * np.sqrt(x.shape[-1], dtype="float32") / np.maximum(norm, 1e-6)


def _reordered(x: np.ndarray, seed: int, epoch: int, rows: np.ndarray) -> np.ndarray:
    """Clips (B, T, D) with their frames in an order that follows from seed, epoch and row alone."""
    from vidattn.models.layers.masking import real_frames

    # the 2 tells these numbers from those of augmentation
    draws = np.stack([np.random.default_rng([seed, epoch, r, 2]).random(x.shape[1]) for r in rows])
    draws[~real_frames(x, np)] = 2.0  # padding stays behind every frame
    return np.take_along_axis(x, draws.argsort(axis=1, kind="stable")[..., None], axis=1)


def open_inputs(plan: RunPlan) -> Inputs:
    """Open everything that a run reads; raises `ParamsError` that names the missing stage."""
    run, protocol = plan.run, plan.protocol
    dataset = plan.dataset
    index = manifest.read(dataset, plan.store)
    fold = folds.fold(
        dataset,
        plan.store,
        split=protocol.split,
        number=run.fold,
        seed=run.seed,
        validation=protocol.validation,
    )
    streams = {name: _open(path, name, dataset) for name, path in plan.streams.items()}
    stored = streams.get("features")
    classes = dataset_classes(dataset, index)
    number = {c: k for k, c in enumerate(classes)}
    return Inputs(
        streams=streams,
        labels={r.clip: number[r.label] for r in index.itertuples()},
        groups=dict(zip(index["clip"], index["group"])),
        classes=classes,
        fold=fold,
        frames=protocol.frames or int(stored.lengths.mean()),
        features=stored.shape[0] if stored else None,
        flow_length=plan.flow.length,
        padded=stored is not None and stored.ragged,
        stack=plan.flow.stack,
    )


def dataset_classes(dataset: Dataset, index) -> tuple[str, ...]:
    """All classes of a data set, in label order, also those that a subset lacks."""
    return tuple(dataset.classes) or tuple(sorted(set(index.label)))


def _open(path: Path, stream: str, dataset: Dataset) -> shards.Clips | Views:
    try:
        clips = shards.open(path)
    except FileNotFoundError:
        kind, name = {"rgb": "frames", "image": "frames"}.get(stream, stream), dataset.stored.name
        message = f"No {kind} of '{name}' at {path}. Make them with: vidattn data {kind} {name}"
        raise ParamsError(message) from None
    return Views(clips, dataset.views) if dataset.views else clips
