"""What a cell reads: sizes, stored frames, flow or features, and the weights that it starts from."""

import importlib.metadata
from pathlib import Path

from vidattn.bench.config import plugin_files
from vidattn.bench.config.cell import Cell
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.schema import Params
from vidattn.bench.plan import cell_data
from vidattn.bench.plan.cell_kinds import plugins, starts_from_features, streams
from vidattn.bench.system import digests
from vidattn.data.files import seal

BATCH = 16  # frames in a forward pass; part of the features' key
WEIGHTS = (".npz", ".weights.h5")  # endings of files of weights; Keras reads a plain .h5 in another way


def size(cell: Cell, params: Params) -> int:
    """Height and width of the frames that this cell reads."""
    asked = params.protocols[cell.protocol].size
    if isinstance(asked, int):
        return asked
    return plugin_files.native_size(plugins(cell, params)["backbone"].file)


def frame_settings(cell: Cell, params: Params) -> dict:
    """Arguments of `frames.extract` that this cell asks for."""
    protocol = params.protocols[cell.protocol]
    window = {} if protocol.seconds is None else {"seconds": protocol.seconds}
    return {
        "sampling": protocol.sampling,
        "frames": protocol.frames or None,
        "size": size(cell, params),
        **window,
    }


def pool(cell: Cell, params: Params) -> str | None:
    """What a cell reads of a frozen encoder's features: mean, flat or maps; None where it reads frames.

    Maps are those of a trunk that is frozen while a head on it is trained, on frames as they are stored:
    the head's numbers are the same as through the trunk.
    """
    protocol = params.protocols[cell.protocol]
    if protocol.encoder == "frozen":
        return protocol.pool
    plain = protocol.freeze == "trunk" and not protocol.augment and not protocol.train_frames
    return "maps" if plain and starts_from_features(cell, params) else None


def feature_settings(cell: Cell, params: Params) -> dict:
    """What tells one kind of stored features from another."""
    protocol = params.protocols[cell.protocol]
    kind = {"pool": pool(cell, params), "weights": protocol.weights, "colour": protocol.colour}
    return {"backbone": cell.backbone, **kind, **frame_settings(cell, params)}


def weights_folder(params: Params) -> Path:
    """Where `vidattn data weights` puts the file of a backbone for `weights: imagenet`."""
    return Path(params.store) / "weights"


def weights_file(cell: Cell, params: Params) -> Path | None:
    """The file of weights that a cell starts from; None for random ones or those of `keras.applications`.

    Raises:
        ParamsError: `weights` names a folder that has none for the backbone, or there are two, or the file is
            not the one that `vidattn data weights` was given.
    """
    named = params.protocols[cell.protocol].weights
    if named == "random":
        return None
    folder = weights_folder(params) if named == "imagenet" else Path(named)
    names = (cell.backbone, plugins(cell, params)["backbone"].file)  # of a variant its own, or its plug-in's
    files = ([path for end in WEIGHTS if (path := folder / f"{name}{end}").is_file()] for name in names)
    found = next(filter(None, files), [])
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
    for path in found:
        noted = seal.beside(path)
        if noted.is_file() and noted.read_text(errors="replace").strip() != digests.file_digest(path):
            again = f"vidattn data weights {cell.backbone} <file>"
            raise ParamsError(f"{path} is damaged: it is not the file that was brought. Again: {again}")
    return found[0] if found else None


def backbone_params(cell: Cell, params: Params) -> dict:
    """Keyword arguments of the cell's backbone; its weights are random on explicit request only."""
    options = dict(plugins(cell, params)["backbone"].arguments)
    if params.protocols[cell.protocol].weights != "random":
        options["weights"] = str(weights_file(cell, params) or "imagenet")
    return options


def weights_key(cell: Cell, params: Params) -> str:
    """Stands for the weights: their file's digest, or how they are made."""
    found, named = weights_file(cell, params), params.protocols[cell.protocol].weights
    if found:
        return f"{'imagenet' if named == 'imagenet' else 'file'} {digests.digest_files([found])}"
    return "random" if named == "random" else "imagenet (keras.applications)"


def _arguments(cell: Cell, params: Params) -> dict:
    protocol = params.protocols[cell.protocol]
    backbone = plugins(cell, params)["backbone"]
    key = {
        "backbone": backbone.file,
        "options": backbone.arguments,
        "pool": pool(cell, params),
        "weights": weights_key(cell, params),
        "size": size(cell, params),
        "keras": importlib.metadata.version("keras"),
    }
    # All sampled frames are encoded; the mean length T, known afterwards, cuts at batch time.
    return {"key": key, "batch": BATCH, "colour": protocol.colour}


def _frames(cell: Cell, params: Params) -> Path:
    from vidattn.data.extract import frames  # here, as in the others: it brings OpenCV, which tables need not
    from vidattn.data.shards import format as shards

    settings = frame_settings(cell, params)
    name = cell_data.stored(cell.dataset, params)
    place = frames.path(name, Path(params.store), **settings)
    try:
        shards.open(place)
    except FileNotFoundError:
        raise ParamsError(f"No frames of '{name}' at {place}: vidattn data frames {name}") from None
    return place


def feature_store(cell: Cell, params: Params) -> tuple[Path, dict]:
    """The stored frames that a cell's frozen features are made from, and what tells them from others."""
    return _frames(cell, params), _arguments(cell, params)


def feature_path(cell: Cell, params: Params) -> Path:
    """Where the features that a cell reads are stored."""
    from vidattn.data.extract import features

    where, settings = feature_store(cell, params)
    return features.path(cell_data.stored(cell.dataset, params), params.store, where, **settings)


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
    return {"frames": protocol.frames, "size": size(cell, params), **settings}


def stream_paths(cell: Cell, params: Params) -> dict[str, Path]:
    """Where the streams that this cell reads are stored."""
    from vidattn.data.extract import flow, frames

    store = Path(params.store)
    if pool(cell, params):
        return {"features": feature_path(cell, params)}
    name = cell_data.stored(cell.dataset, params)
    pictures = frames.path(name, store, **frame_settings(cell, params))
    every = {
        "rgb": pictures,
        "image": pictures,  # one frame of each clip, or the picture itself
        "flow": flow.path(name, store, **flow_settings(cell, params)),
    }
    return {stream: every[stream] for stream in streams(cell, params)}


def reads(cell: Cell, params: Params) -> str:
    """The kind of store that a cell reads last in the making: frames, flow (made from them) or features."""
    if pool(cell, params):
        return "features"
    return "flow" if "flow" in streams(cell, params) else "frames"
