"""A run, resolved once: everything that training it needs, so that nothing after this reads params.yaml."""

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidattn.bench.config.cell import Run
from vidattn.bench.config.schema import Flow, Params, Protocol
from vidattn.bench.plan import cell_data, cell_inputs, cell_kinds, run_key
from vidattn.bench.plan.cell_settings import architecture_params
from vidattn.data.datasets import Dataset
from vidattn.data.extract import frames


@dataclass(frozen=True)
class RunPlan:
    """What a run is.

    Attributes:
        run: Cell, fold and seed.
        plugins: The files of its backbone, attention and architecture, by name.
        network: Whether its architecture is a network, which is trained.
        dataset: Whose clips it reads.
        protocol: How it is trained and scored.
        flow: Length and form of its flow stacks.
        store: Folder of the data sets and of finished runs.
        streams: The stored streams that it reads, by name.
        pool: What stored features hold of a frame, see `cell_inputs.pool`; None where frames are read.
        pictures: The stored frames (T, H, W, 3) that its streams, or the features it reads, were made from.
        size: Height and width of a frame in pixels.
        backbone_params: Keyword arguments of the backbone, among them `weights`.
        attention_params: Keyword arguments of the attention.
        architecture_params: Keyword arguments of the architecture, the protocol's `head` above its own.
        initial_seed: Seed of the initial weights and of dropout: every run has its own.
        order_seed: Seed of data order and augmentation: one for all cells of a fold, which see one order.
        code_files, data_files: What its code is, and what stands for its data (see `run_key`).
        digests: Digests of the `params`, the `data` and the `code` that determine the result.
        parts: The plans of the streams that a fused run is made from.
    """

    run: Run
    plugins: dict[str, str]
    network: bool
    dataset: Dataset
    protocol: Protocol
    flow: Flow
    store: Path
    streams: dict[str, Path]
    pool: str | None
    pictures: Path
    size: int
    backbone_params: dict[str, Any]
    attention_params: dict[str, Any]
    architecture_params: dict[str, Any]
    initial_seed: int
    order_seed: int
    code_files: list[Path]
    data_files: list[Path]
    digests: dict[str, str]
    parts: tuple["RunPlan", ...] = ()

    @property
    def id(self) -> str:
        """Cell id, fold and seed."""
        return self.run.id


def resolve(run: Run, params: Params) -> RunPlan:
    """The plan of a run; raises `ParamsError` that names the stage whose data it lacks."""
    cell, protocol = run.cell, params.protocols[run.cell.protocol]
    store, dataset = Path(params.store), cell_data.dataset(cell, params)
    plugins, parts = cell_kinds.plugins(cell, params), cell_kinds.fused_from(cell, params).values()
    return RunPlan(
        run=run,
        plugins={axis: plugin.file for axis, plugin in plugins.items()},
        network=cell_kinds.is_network(cell, params),
        dataset=dataset,
        protocol=protocol,
        flow=params.flows[protocol.flow],
        store=store,
        streams=cell_inputs.stream_paths(cell, params),
        pool=cell_inputs.pool(cell, params),
        pictures=frames.path(dataset.stored.name, store, **cell_inputs.frame_settings(cell, params)),
        size=cell_inputs.size(cell, params),
        backbone_params=cell_inputs.backbone_params(cell, params),
        attention_params=plugins["attention"].arguments,
        architecture_params=architecture_params(cell, params),
        initial_seed=seed_of(run.id),
        order_seed=seed_of(f"{cell.dataset}-{run.fold}-{run.seed}"),
        code_files=run_key.code_files(cell, params),
        data_files=run_key.data_files(cell, params),
        digests=run_key.ingredients(cell, params),
        parts=tuple(resolve(Run(part, run.fold, run.seed), params) for part in parts),
    )


def seed_of(text: str) -> int:
    """A seed that follows from an id."""
    return zlib.crc32(text.encode()) & 0x7FFFFFFF
