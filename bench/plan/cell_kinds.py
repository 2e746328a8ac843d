"""What kind of cell an architecture makes: its plug-ins, its streams, whether it is trained at all."""

from vidattn.bench.config import plugin_files
from vidattn.bench.config.cell import Cell
from vidattn.bench.config.kinds import MODEL
from vidattn.bench.config.plugin_files import PlugIn
from vidattn.bench.config.schema import Params

ROOT = plugin_files.ROOT


def plugins(cell: Cell, params: Params) -> dict[str, PlugIn]:
    """The plug-ins of a cell's model, by axis."""
    return {kind: plugin_files.plugin(kind, getattr(cell, kind), params) for kind in MODEL}


def fused_from(cell: Cell, params: Params) -> dict[str, Cell]:
    """By stream the cells whose scores a fused cell is made from; nothing for a cell of its own.

    FUSED of the architecture's file names the architectures of the streams.
    """
    fused = plugins(cell, params)["architecture"].declares("FUSED") or {}
    return {stream: cell.with_(architecture=name) for stream, name in fused.items()}


def is_network(cell: Cell, params: Params) -> bool:
    """False where the architecture's file scores clips from stored features by itself."""
    return plugins(cell, params)["architecture"].declares("NETWORK") is not False


def streams(cell: Cell, params: Params) -> tuple[str, ...]:
    """The streams that a cell's architecture reads, from its file's STREAMS, without importing Keras."""
    why = "name the streams that the architecture reads"
    return tuple(plugin_files.declared(plugins(cell, params)["architecture"].path, "STREAMS", why))


def starts_from_features(cell: Cell, params: Params) -> bool:
    """Whether architecture and attention can read stored features in the place of frames."""
    made = plugins(cell, params)
    return all(made[kind].declares("FEATURES") for kind in ("architecture", "attention"))
