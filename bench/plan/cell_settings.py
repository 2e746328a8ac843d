"""What params.yaml says of a cell, resolved: its entry in cells.json, and the settings in its runs' keys."""

from typing import Any

from vidattn.bench.config import plugin_files
from vidattn.bench.config.cell import Cell
from vidattn.bench.config.schema import Params
from vidattn.bench.plan import cell_data, cell_inputs, cell_kinds

ELSEWHERE = ("flow", "head", "size")  # of a protocol: they stand beside it, resolved for the cell


def settings(cell: Cell, params: Params) -> dict[str, Any]:
    """Every setting that the numbers of a cell depend on; flow only where it reads flow."""
    protocol, plugins = params.protocols[cell.protocol], cell_kinds.plugins(cell, params)
    resolved = {
        "dataset": [params.datasets[name] for name in (cell.dataset, cell_data.stored(cell.dataset, params))],
        "backbone": plugins["backbone"].arguments,
        "attention": plugins["attention"].arguments,
        "architecture": architecture_params(cell, params),
        "size": cell_inputs.size(cell, params),
        "protocol": {k: v for k, v in protocol.settings().items() if k not in ELSEWHERE},
    }
    if "flow" in cell_kinds.streams(cell, params):
        resolved["flow"] = vars(params.flows[protocol.flow])
    return resolved


def architecture_params(cell: Cell, params: Params) -> dict[str, Any]:
    """Arguments of the architecture: its own, and above them those of the protocol's head that it takes."""
    plugin = cell_kinds.plugins(cell, params)["architecture"]
    taken = plugin_files.arguments("architecture", plugin.file)
    head = params.protocols[cell.protocol].head
    return {**plugin.arguments, **{k: v for k, v in head.items() if k in taken}}
