"""The data set of a cell: what it is, and under whose name its index and streams lie."""

from vidattn.bench.config.cell import Cell
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.schema import Params
from vidattn.bench.plan import own_dataset
from vidattn.bench.plan.cell_kinds import streams as streams_of
from vidattn.data import datasets


def dataset(cell: Cell, params: Params) -> datasets.Dataset:
    """The cell's data set; raises `ParamsError` where the cell cannot see what it asks for."""
    own_dataset.check_list(stored(cell.dataset, params), params)
    made = datasets.load(cell.dataset, params.datasets)
    streams, frames = streams_of(cell, params), params.protocols[cell.protocol].frames
    if any(view.step < 0 for view in made.views) and (
        "rgb" not in streams or len(streams) > 1 or frames == 1
    ):
        shown = (
            "one frame a clip" if frames == 1 or "image" in streams else "flow, which is stored forward only"
        )
        raise ParamsError(
            f"{cell.id}: '{cell.dataset}' asks in which direction a clip plays, and this cell reads {shown}. "
            "Expected an architecture of STREAMS ('rgb',) and a protocol of 2 frames or more."
        )
    return made


def stored(name: str, params: Params) -> str:
    """The data set under whose name index and streams of `name` lie in the store: itself, or its source."""
    return params.datasets[name].get("of", name)


def plugins(name: str, params: Params) -> list[str]:
    """The plug-in files that make a data set, its own first."""
    return list(dict.fromkeys(_plugin(each, params) for each in (name, stored(name, params))))


def _plugin(name: str, params: Params) -> str:
    return params.datasets[name].get("plugin", name)
