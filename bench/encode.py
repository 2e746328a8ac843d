"""Frozen features: one forward pass per data set, backbone and protocol kind, shared by every head."""

import importlib.metadata
from pathlib import Path

from vidattn.bench import files, plugins
from vidattn.bench.cell import Cell
from vidattn.bench.params import Params, ParamsError
from vidattn.data import features, frames, shards

BATCH = 16  # frames in a forward pass; part of the features' key
WEIGHTS = (".npz", ".weights.h5")  # endings of files of weights; Keras reads a plain .h5 in another way


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
    """Where `vidattn data weights` puts the file of a backbone for `weights: imagenet`."""
    return Path(params.store) / "weights"


def weights_file(cell: Cell, params: Params) -> Path | None:
    """The file of weights that a cell starts from; None for random ones or those of `keras.applications`.

    Raises:
        ParamsError: `weights` names a folder that has none for the backbone, or there are two.
    """
    named = params.protocols[cell.protocol].weights
    if named == "random":
        return None
    folder = weights_folder(params) if named == "imagenet" else Path(named)
    found = [path for ending in WEIGHTS if (path := folder / f"{cell.backbone}{ending}").is_file()]
    if not found and named != "imagenet":
        raise ParamsError(
            f"protocols.{cell.protocol}.weights: no file of '{cell.backbone}' in {folder}. Expected "
            f"{cell.backbone}.npz (folded) or {cell.backbone}.weights.h5 there, or imagenet, or random."
        )
    if len(found) > 1:
        both = " and ".join(path.name for path in found)
        raise ParamsError(
            f"protocols.{cell.protocol}.weights: two files of '{cell.backbone}' in {folder}, {both}. "
            "Expected one: remove the other."
        )
    return found[0] if found else None


def backbone_params(cell: Cell, params: Params) -> dict:
    """Keyword arguments of the cell's backbone; its weights are random on explicit request only."""
    options = dict(params.backbones[cell.backbone])
    if params.protocols[cell.protocol].weights != "random":
        options["weights"] = str(weights_file(cell, params) or "imagenet")
    return options


def weights_key(cell: Cell, params: Params) -> str:
    """Stands for the weights: their file's digest, or how they are made."""
    found, named = weights_file(cell, params), params.protocols[cell.protocol].weights
    if found:
        return f"{'imagenet' if named == 'imagenet' else 'file'} {files.digest_files([found])}"
    return "random" if named == "random" else "imagenet (keras.applications)"


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
