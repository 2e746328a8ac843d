"""Frozen features: one forward pass per data set, backbone and protocol kind, shared by every head."""

import shutil
from collections.abc import Callable
from pathlib import Path

from vidattn.bench.config.cell import Cell
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.schema import Params
from vidattn.bench.plan import cell_data, cell_inputs
from vidattn.bench.plan.cell_kinds import plugins
from vidattn.bench.train.reproducible import quiet_keras
from vidattn.data.extract import features
from vidattn.data.shards import format as shards


def extract(cell: Cell, params: Params, tell: Callable[[str], None] = lambda line: None) -> Path:
    """Run the frozen backbone over every stored frame; a finished store is returned at once."""
    quiet_keras()
    from vidattn.models import build

    options = cell_inputs.backbone_params(cell, params)
    try:
        pixels = cell_inputs.size(cell, params)
        pool = cell_inputs.pool(cell, params)
        file = plugins(cell, params)["backbone"].file
        model = build.features(file, size=pixels, pool=pool, backbone_params=options)
    except Exception as error:
        if options.get("weights") != "imagenet":
            raise
        raise ParamsError(
            f"No ImageNet weights of '{cell.backbone}' ({error}). Bring a file: vidattn data weights "
            f"{cell.backbone} <file>, or ask for random ones: protocols.{cell.protocol}.weights: random."
        ) from error
    where, settings = cell_inputs.feature_store(cell, params)
    if not (cell_inputs.feature_path(cell, params) / shards.INDEX).exists():
        _sized(cell, params, int(shards.open(where).lengths.sum()), model.output_shape[-1], tell)
    name = cell_data.stored(cell.dataset, params)
    return features.extract(name, params.store, where, model.predict_on_batch, **settings)


def _sized(cell: Cell, params: Params, frames: int, width: int, tell: Callable[[str], None]) -> None:
    """Say how large a store will be before it is made; refuse one that the disk does not hold."""
    size, free = 2 * frames * width, shutil.disk_usage(params.store).free  # 16 bits a number
    what = f"{frames} frames of '{cell.dataset}', {width} numbers each: {size / 1e9:.2f} GB"
    if size > free:
        raise ParamsError(
            f"{what}, and {params.store} has {free / 1e9:.2f} GB left. Use a smaller protocols."
            f"{cell.protocol}.size or fewer frames."
        )
    tell(f"Features of {what}.")
