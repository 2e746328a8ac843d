"""What params.yaml means: names that exist, folds that a data set has, comparisons of what is there."""

import itertools
from pathlib import Path

from vidattn.bench.config import plugin_files, protocol_rules
from vidattn.bench.config.cell import Cell
from vidattn.bench.config.errors import ParamsError, check_keys, unknown
from vidattn.bench.config.plugin_files import official_folds
from vidattn.bench.config.schema import Flow, Grid, Params

BENCH = Path(__file__).resolve().parents[1]


def check(params: Params, where: str) -> None:
    """Raises `ParamsError` on the first thing that cannot be; `where` is the file's name."""
    for kind, section in plugin_files.SECTIONS.items():
        for name in getattr(params, section):
            _plugin(kind, name, params, f"{where}: {section}.{name}")
    if params.suite not in params.suites:
        raise unknown("suite", params.suite, params.suites, where)
    for name, flow in params.flows.items():
        _stack(flow, f"{where}: flows.{name}")
    for name, protocol in params.protocols.items():
        if protocol.flow not in params.flows:
            raise unknown("flow", protocol.flow, params.flows, f"{where}: protocols.{name}")
        protocol_rules.check(protocol, f"{where}: protocols.{name}")
        for fused in _fused(params):
            protocol_rules.fusion(
                {**fused.arguments, **protocol.head},
                f"{where}: protocols.{name} with architectures.{fused.file}",
            )
    for name, grids in params.suites.items():
        for grid in grids:
            _names(grid, params, f"{where}: suites.{name}")
    _compare(params, where)
    for name in params.tables:
        if not (BENCH / "report" / "tables" / f"{name}.py").exists():
            raise unknown("table", name, _files(BENCH / "report" / "tables"), f"{where}: tables")


def _fused(params: Params) -> list[plugin_files.PlugIn]:
    """Architectures whose cells are fused from others' scores."""
    every = (plugin_files.plugin("architecture", name, params) for name in params.architectures)
    return [plugin for plugin in every if plugin.declares("FUSED")]


def _plugin(kind: str, name: str, params: Params, where: str) -> None:
    """A name stands for its own file, or as a variant for another that it names, with arguments for it."""
    entry, files = plugin_files.plugin(kind, name, params), plugin_files.files(kind)
    if entry.file not in files:
        raise unknown("plug-in", entry.file, files, where)
    if name != entry.file and name in files:
        raise ParamsError(
            f"{where}: a variant of '{entry.file}' cannot have the name of the plug-in {name}.py. "
            f"Expected another name, e.g. {name}_{entry.file}."
        )
    accepted = plugin_files.arguments(kind, entry.file)
    if kind == "dataset" and not accepted:
        return  # its own `generate` checks them
    if entry.arguments and not accepted:
        given = ", ".join(map(str, entry.arguments))
        raise ParamsError(f"{where}: '{entry.file}' takes no arguments, got {given}.")
    check_keys(entry.arguments, accepted, where)
    for argument, value in entry.arguments.items():
        if accepted[argument] and value not in accepted[argument]:
            raise unknown(argument, value, accepted[argument], f"{where}.{argument}")
    if kind == "architecture" and name != entry.file and entry.declares("NETWORK") is False:
        raise ParamsError(f"{where}: '{entry.file}' is no network, takes no arguments, has no variants.")
    if kind == "dataset" and "of" in entry.arguments and entry.arguments["of"] not in params.datasets:
        raise unknown("data set", entry.arguments["of"], params.datasets, f"{where}.of")


def _stack(flow: Flow, where: str) -> None:
    """Stacks of two ways need flow of both ways; anchored flow is stacked where it is computed."""
    if flow.stack == "bidirectional" and (flow.definition != "both" or flow.length % 2):
        raise ParamsError(f"{where}: stack: bidirectional needs definition: both and an even length.")
    if flow.stack == "trajectory" and flow.definition == "anchored":
        raise ParamsError(
            f"{where}: stack: trajectory needs definition: consecutive (or both), not anchored."
        )


def _compare(params: Params, where: str) -> None:
    """Protocols and cells that comparisons name."""
    compare = params.compare
    pairs = [*compare.get("protocols", []), *compare.get("settings", {}).values()]
    pairs += [compare["leakage"]] if "leakage" in compare else []
    for name in itertools.chain(*pairs, compare.get("explained", [])):
        if name not in params.protocols:
            raise unknown("protocol", name, params.protocols, f"{where}: compare")
    for name in compare.get("controls", []):
        if name not in params.attention:
            raise unknown("attention", name, params.attention, f"{where}: compare.controls")
    for text in compare.get("sheets", []):
        Cell.parse(text, params)
    families = ("all", *compare.get("families", {}))
    for contrast in compare.get("contrasts", []):
        if contrast.get("classes", "all") not in families:
            raise unknown("classes", contrast["classes"], families, f"{where}: compare.contrasts")
        for arm in ("cell", "control"):
            Cell.parse(contrast[arm], params)


def _names(grid: Grid, params: Params, where: str) -> None:
    axes = {"dataset": params.datasets, "backbone": params.backbones, "attention": params.attention}
    axes |= {"architecture": params.architectures, "protocol": params.protocols}
    for axis, valid in axes.items():
        for name in getattr(grid, axis):
            if name not in valid:
                raise unknown(axis, name, valid, f"{where}.{axis}")
    _folds(grid, params, f"{where}.folds")


def _folds(grid: Grid, params: Params, where: str) -> None:
    """Official folds are those of the data set; a random split can be drawn any number of times."""
    official = [name for name in grid.protocol if params.protocols[name].split == "official"]
    for dataset in grid.dataset if official else ():
        last = official_folds(params.datasets[dataset].get("of", dataset))
        absent = [fold for fold in grid.folds if last and fold > last]
        if absent:
            raise ParamsError(
                f"{where}: {dataset} has no official fold {', '.join(map(str, absent))}. Expected 1 to "
                f"{last}, as protocol '{official[0]}' has split: official; random takes any from 1 on."
            )


def _files(folder: Path) -> list[str]:
    return [path.stem for path in folder.glob("*.py") if path.stem != "__init__"]
