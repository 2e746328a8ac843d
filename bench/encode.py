"""Frozen features: one forward pass per data set, backbone and protocol kind, shared by every head."""

import importlib.metadata
from pathlib import Path

from vidattn.bench import files, plugins
from vidattn.bench.cell import Cell
from vidattn.bench.params import Params, ParamsError
from vidattn.data import features, frames, shards

BATCH = 16  # frames in a forward pass; part of the features' key


def size(cell: Cell, params: Params) -> int:
    """Height and width of the frames that this cell reads."""
    asked = params.protocols[cell.protocol].size
    return asked if isinstance(asked, int) else plugins.native_size(cell.backbone)


def frame_settings(cell: Cell, params: Params) -> dict:
    """Arguments of `frames.extract` that this cell asks for."""
    protocol = params.protocols[cell.protocol]
    return {
        "sampling": protocol.sampling,
        "frames": protocol.frames or None,
        "size": size(cell, params),
    }


def feature_settings(cell: Cell, params: Params) -> dict:
    """What tells one kind of stored features from another."""
    protocol = params.protocols[cell.protocol]
    kind = {name: getattr(protocol, name) for name in ("pool", "weights", "colour")}
    return {"backbone": cell.backbone, **kind, **frame_settings(cell, params)}


def weights_folder(params: Params) -> Path:
    """Where weights files lie: <backbone>.npz or <backbone>.h5."""
    return Path(params.store) / "weights"


def weights_file(backbone: str, params: Params) -> Path | None:
    """The weights file that the user has put there, if any."""
    found = sorted(weights_folder(params).glob(f"{backbone}.*"))
    return found[0] if found else None


def backbone_params(cell: Cell, params: Params) -> dict:
    """Keyword arguments of the cell's backbone, its weights included.

    Raises ParamsError where a trained cell asks for weights that a backbone cannot have; random weights are
    used on explicit request only.
    """
    options = dict(params.backbones[cell.backbone])
    if params.protocols[cell.protocol].weights == "imagenet":
        found = weights_file(cell.backbone, params)
        options["weights"] = str(found) if found else "imagenet"
    return options


def weights_key(cell: Cell, params: Params) -> str:
    """Stands for the weights: their file's digest, or how they are made."""
    if params.protocols[cell.protocol].weights == "random":
        return "random"
    found = weights_file(cell.backbone, params)
    return f"imagenet {files.digest_files([found])}" if found else "imagenet (keras.applications)"


def _arguments(cell: Cell, params: Params) -> dict:
    protocol = params.protocols[cell.protocol]
    key = {
        "backbone": cell.backbone,
        "options": params.backbones[cell.backbone],
        "pool": protocol.pool,
        "weights": weights_key(cell, params),
        "size": size(cell, params),
        "keras": importlib.metadata.version("keras"),
    }
    # All sampled frames are encoded; the mean length T, known afterwards, cuts at batch time.
    return {"key": key, "batch": BATCH, "colour": protocol.colour}


def _frames(cell: Cell, params: Params) -> Path:
    settings = frame_settings(cell, params)
    place = frames.path(cell.dataset, Path(params.store), **settings)
    try:
        shards.open(place)
    except FileNotFoundError:
        raise ParamsError(
            f"No frames of '{cell.dataset}' at {place}: vidattn data frames {cell.dataset}"
        ) from None
    return place


def path(cell: Cell, params: Params) -> Path:
    """Where the features that a cell reads are stored."""
    return features.path(cell.dataset, params.store, _frames(cell, params), **_arguments(cell, params))


def extract(cell: Cell, params: Params) -> Path:
    """Run the frozen backbone over every stored frame; a finished store is returned at once."""
    from vidattn.bench.train import quiet_keras

    quiet_keras()
    from vidattn.models import build

    protocol = params.protocols[cell.protocol]
    options = backbone_params(cell, params)
    try:
        pixels = size(cell, params)
        model = build.features(cell.backbone, size=pixels, pool=protocol.pool, backbone_params=options)
    except Exception as error:
        if options.get("weights") != "imagenet":
            raise
        raise ParamsError(
            f"No ImageNet weights of '{cell.backbone}' ({error}). Bring a file: vidattn data weights "
            f"{cell.backbone} <file>, or ask for random ones: protocols.{cell.protocol}.weights: random."
        ) from error
    encode = model.predict_on_batch
    return features.extract(
        cell.dataset, params.store, _frames(cell, params), encode, **_arguments(cell, params)
    )
