"""What params.yaml means: names that exist, folds that a data set has, comparisons of what is there."""

import itertools
import re
from pathlib import Path

from vidattn.bench import protocol_checks as protocols
from vidattn.bench import setting_checks as settings
from vidattn.bench.cell import Cell
from vidattn.bench.params import Grid, Params, ParamsError, unknown
from vidattn.bench.plugins import official_folds
from vidattn.bench.setting_checks import keys

NAME = re.compile(r"[a-z0-9_]+")
SECTIONS = ("suites", "datasets", "backbones", "attention", "architectures", "flows", "protocols")
PLUGINS = ("datasets", "backbones", "attention", "architectures")  # each holds arguments by name
BENCH = Path(__file__).resolve().parent
MODELS = BENCH.parent / "models"
AXES = ("backbone", "attention", "architecture")
SIZES = ("classes", "size", "frames", "flow_length", "batch", "from_features")
CONTRAST = ("name", "cell", "control")
COMPARE = {"explained": list, "protocols": list, "leakage": list, "settings": dict, "sheets": list}
COMPARE |= {"families": dict, "contrasts": list}  # section -> what holds it
OPTIONS = ("backbone_params", "attention_params", "architecture_params")


def check(params: Params, where: str) -> None:
    """Raises `ParamsError` on the first thing that cannot be; `where` is the file's name."""
    for section in SECTIONS:
        for name in getattr(params, section):
            if not NAME.fullmatch(str(name)):
                raise ParamsError(f"{where}: {section}.{name}: names are made of a-z, 0-9 and _.")
    for section in PLUGINS:
        for name, values in getattr(params, section).items():
            if not isinstance(values, dict):
                raise ParamsError(f"{where}: {section}.{name}: expected a mapping, or {{}}, got {values!r}.")
            path = MODELS / section / f"{name}.py"
            if values and path.exists():
                keys(values, protocols.arguments(path), f"{where}: {section}.{name}")
    if params.suite not in params.suites:
        raise unknown("suite", params.suite, params.suites, where)
    for name, flow in params.flows.items():
        settings.flow(flow, f"{where}: flows.{name}")
    for name, protocol in params.protocols.items():
        if protocol.flow not in params.flows:
            raise unknown("flow", protocol.flow, params.flows, f"{where}: protocols.{name}")
        protocols.check(protocol, f"{where}: protocols.{name}")
        protocols.fusion(
            {**params.architectures.get("two_stream", {}), **protocol.head}, f"{where}: protocols.{name}"
        )
    for name, grids in params.suites.items():
        for grid in grids:
            _names(grid, params, f"{where}: suites.{name}")
    _compare(params, where)
    _complexity(params.complexity, f"{where}: complexity")
    for name in params.tables:
        if not (BENCH / "tables" / f"{name}.py").exists():
            raise unknown("table", name, _files(BENCH / "tables"), f"{where}: tables")


def _compare(params: Params, where: str) -> None:
    """Protocols and cells that comparisons name."""
    compare = params.compare
    keys(compare, tuple(COMPARE), f"{where}: compare")
    for section, values in compare.items():
        _held(values, COMPARE[section], f"{where}: compare.{section}")
    pairs = [*compare.get("protocols", []), *compare.get("settings", {}).values()]
    pairs += [compare["leakage"]] if compare.get("leakage") else []
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2:
            raise ParamsError(f"{where}: compare: expected two protocols, [first, second], got {pair!r}.")
    for name in itertools.chain(*pairs, compare.get("explained", [])):
        if name not in params.protocols:
            raise unknown("protocol", name, params.protocols, f"{where}: compare")
    for text in compare.get("sheets", []):
        Cell.parse(text, params)
    for row in compare.get("contrasts", []):
        _contrast(row, params, f"{where}: compare.contrasts")


def _held(values: object, kind: type, where: str) -> None:
    """Raises `ParamsError` on a section that holds something else, nothing for example."""
    if not isinstance(values, kind):
        expected = "a list" if kind is list else "a mapping"
        raise ParamsError(f"{where}: expected {expected}, got {values!r}. To compare nothing, leave it out.")


def _contrast(row: object, params: Params, where: str) -> None:
    """A name and two cells, on the classes of a family or on all."""
    if not isinstance(row, dict):
        raise ParamsError(f"{where}: expected a mapping with {', '.join(CONTRAST)}, got {row!r}.")
    keys(row, (*CONTRAST, "family"), where)
    missing = [key for key in CONTRAST if key not in row]
    if missing:
        raise ParamsError(f"{where}: missing key {', '.join(missing)} in {row}.")
    families = ("all", *params.compare.get("families", {}))
    if row.get("family", "all") not in families:
        raise unknown("family", row["family"], families, where)
    for side in ("cell", "control"):
        Cell.parse(row[side], params)


def _complexity(blocks: list, where: str) -> None:
    for block in blocks:
        if not isinstance(block, dict):
            raise ParamsError(f"{where}: expected a mapping a block, got {block!r}.")
        keys(block, (*AXES, *SIZES, *OPTIONS), where)
        for axis in AXES:
            names = block.get(axis, "all")
            if names != "all" and not isinstance(names, list):
                raise ParamsError(f"{where}.{axis}: expected a list of names, or all, got {names!r}.")


def _names(grid: Grid, params: Params, where: str) -> None:
    axes = {"dataset": params.datasets, "backbone": params.backbones, "attention": params.attention}
    axes |= {"architecture": params.architectures, "protocol": params.protocols}
    for axis, valid in axes.items():
        for name in getattr(grid, axis):
            if name not in valid:
                raise unknown(axis, name, valid, f"{where}.{axis}")
    for axis in ("folds", "seeds"):
        values = getattr(grid, axis)
        if not values or not all(type(v) is int and v >= (axis == "folds") for v in values):
            raise ParamsError(f"{where}.{axis}: expected whole numbers, got {values!r}.")
    _folds(grid, params, f"{where}.folds")


def _folds(grid: Grid, params: Params, where: str) -> None:
    """Official folds are those of the data set; a random split can be drawn any number of times."""
    official = [name for name in grid.protocol if params.protocols[name].split == "official"]
    for dataset in grid.dataset if official else ():
        last = official_folds(dataset)
        absent = [fold for fold in grid.folds if last and fold > last]
        if absent:
            raise ParamsError(
                f"{where}: {dataset} has no official fold {', '.join(map(str, absent))}. Expected 1 to "
                f"{last}, as protocol '{official[0]}' has split: official; random takes any from 1 on."
            )


def _files(folder: Path) -> list[str]:
    return [path.stem for path in folder.glob("*.py") if path.stem != "__init__"]
