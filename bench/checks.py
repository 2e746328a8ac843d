"""What params.yaml means: names that exist, numbers that can be, choices that go together."""

import ast
import itertools
import re
from pathlib import Path

from vidattn.bench.cell import Cell
from vidattn.bench.params import Flow, Grid, Params, ParamsError, Protocol, unknown
from vidattn.bench.plugins import declared, official_folds

NAME = re.compile(r"[a-z0-9_]+")
SECTIONS = ("suites", "datasets", "backbones", "attention", "architectures", "flows", "protocols")
PLUGINS = ("datasets", "backbones", "attention", "architectures")  # each holds arguments by name
LEAST = {"frames": 0, "epochs": 1, "patience": 0, "batch": 1, "accumulate": 1}
OPTIMIZERS = ("adam", "rmsprop", "sgd")
OURS = ("name", "learning_rate", "inverse_time_decay")
KERAS = ("epsilon", "momentum", "nesterov", "rho", "beta_1", "beta_2", "weight_decay")
CLIPPING = ("clipnorm", "clipvalue", "global_clipnorm")
BENCH = Path(__file__).resolve().parent
MODELS = BENCH.parent / "models"
GIVEN = {
    "backbone": "shape",
    "attention": "",
    "architecture": "encoder",
}  # function -> what the suite gives it
AXES = ("backbone", "attention", "architecture")
SIZES = ("classes", "size", "frames", "flow_length", "batch", "from_features")
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
                _keys(values, _arguments(path), f"{where}: {section}.{name}")
    if params.suite not in params.suites:
        raise unknown("suite", params.suite, params.suites, where)
    for name, flow in params.flows.items():
        _stack(flow, f"{where}: flows.{name}")
    for name, protocol in params.protocols.items():
        if protocol.flow not in params.flows:
            raise unknown("flow", protocol.flow, params.flows, f"{where}: protocols.{name}")
        _protocol(protocol, f"{where}: protocols.{name}")
        _fusion({**params.architectures.get("two_stream", {}), **protocol.head}, f"{where}: protocols.{name}")
    for name, grids in params.suites.items():
        for grid in grids:
            _names(grid, params, f"{where}: suites.{name}")
    _compare(params, where)
    _complexity(params.complexity, f"{where}: complexity")
    for name in params.tables:
        if not (BENCH / "tables" / f"{name}.py").exists():
            raise unknown("table", name, _files(BENCH / "tables"), f"{where}: tables")


def _stack(flow: Flow, where: str) -> None:
    """Stacks of two ways need flow of both ways; anchored flow is stacked where it is computed."""
    if flow.stack == "bidirectional" and (flow.definition != "both" or flow.length % 2):
        raise ParamsError(f"{where}: stack: bidirectional needs definition: both and an even length.")
    if flow.stack == "trajectory" and flow.definition == "anchored":
        raise ParamsError(
            f"{where}: stack: trajectory needs definition: consecutive (or both), not anchored."
        )


def _protocol(protocol: Protocol, where: str) -> None:
    for key, least in LEAST.items():
        if getattr(protocol, key) < least:
            raise ParamsError(f"{where}.{key}: expected {least} or more, got {getattr(protocol, key)}.")
    if protocol.size != "native" and not (isinstance(protocol.size, int) and protocol.size > 0):
        raise ParamsError(f"{where}.size: expected pixels or native, got {protocol.size!r}.")
    _keys(protocol.optimizer, (*OURS, *KERAS, *CLIPPING), f"{where}.optimizer")
    if protocol.optimizer.get("name") not in OPTIMIZERS:
        raise unknown("optimizer", protocol.optimizer.get("name"), OPTIMIZERS, f"{where}.optimizer.name")
    if protocol.head:
        _keys(protocol.head, _head_arguments(), f"{where}.head")
    if protocol.augment:
        _augment(protocol.augment, f"{where}.augment")
    _choice(protocol, where)
    _train_frames(protocol, where)


def _train_frames(protocol: Protocol, where: str) -> None:
    """One random frame of a clip is drawn from frames, not from features, of clips of one length."""
    chosen = protocol.train_frames
    if chosen is not None and (type(chosen) is not int or chosen != 1):
        raise ParamsError(f"{where}.train_frames: expected null for all frames, or 1, got {chosen!r}.")
    if chosen and (protocol.encoder, protocol.sampling) != ("trained", "uniform"):
        raise ParamsError(
            f"{where}.train_frames: 1 needs encoder: trained and sampling: uniform, "
            f"got {protocol.encoder} and {protocol.sampling}."
        )


def _keys(values: dict, valid: tuple[str, ...], where: str) -> None:
    for key in values:
        if key not in valid:
            raise unknown("key", key, valid, where)


def _head_arguments() -> tuple[str, ...]:
    """What any architecture takes; each is given those that it knows."""
    paths = (MODELS / "architectures").glob("*.py")
    return tuple(sorted({argument for path in paths for argument in _arguments(path)}))


def _arguments(path: Path) -> tuple[str, ...]:
    """Arguments of a plug-in's function that params.yaml may set, read without importing Keras."""
    found: list[str] = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name in GIVEN:
            found += [argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)]
    return tuple(name for name in found if name not in GIVEN.values())


def _compare(params: Params, where: str) -> None:
    """Protocols and cells that comparisons name."""
    compare = params.compare
    pairs = [*compare.get("protocols", []), compare.get("leakage", []), compare.get("explained", [])]
    for name in itertools.chain(*pairs, *compare.get("settings", {}).values()):
        if name not in params.protocols:
            raise unknown("protocol", name, params.protocols, f"{where}: compare")
    asked = [row[side] for row in compare.get("contrasts", []) for side in ("cell", "control")]
    for text in (*asked, *compare.get("sheets", [])):
        Cell.parse(text, params)
    known = {"explained", "protocols", "leakage", "settings", "sheets", "families", "contrasts"}
    _keys(compare, tuple(known), f"{where}: compare")


def _complexity(blocks: list, where: str) -> None:
    for block in blocks:
        if not isinstance(block, dict):
            raise ParamsError(f"{where}: expected a mapping a block, got {block!r}.")
        _keys(block, (*AXES, *SIZES, *OPTIONS), where)


def _augment(values: dict, where: str) -> None:
    from vidattn.data import augment

    try:
        augment.parse(values)
    except (TypeError, ValueError) as error:
        raise ParamsError(f"{where}: {error}") from None


def _choice(protocol: Protocol, where: str) -> None:
    """What is chosen on validation clips needs them, and these are to be drawn as the test clips are."""
    if (protocol.validation, protocol.split) == ("clips", "official"):
        raise ParamsError(
            f"{where}.validation: clips needs split: random, got official; expected groups or none."
        )
    rates = protocol.optimizer.get("learning_rate")
    if not (isinstance(rates, list) and rates or type(rates) in (int, float)):
        raise ParamsError(f"{where}.optimizer.learning_rate: expected a rate or a list, got {rates!r}.")
    needs = {"optimizer.learning_rate": len(protocol.rates) > 1, "patience": protocol.patience > 0}
    for key, chosen in needs.items():
        if chosen and (protocol.validation == "none" or protocol.select != "best"):
            raise ParamsError(
                f"{where}.{key}: {'a list of rates' if key != 'patience' else 'patience'} needs "
                "validation: groups or clips, and select: best, "
                f"got {protocol.validation} and {protocol.select}."
            )


def _fusion(values: dict, where: str) -> None:
    """How streams are fused: the architecture's arguments, with those of a protocol's head."""
    where = f"{where} with architectures.two_stream"
    fusion, weight = values.get("fusion", "average"), values.get("flow_weight")
    known = declared(MODELS / "architectures" / "two_stream.py", "FUSIONS", "name the ways to fuse")
    if fusion not in known:
        raise unknown("fusion", fusion, known, where)
    if weight is not None and (type(weight) not in (int, float) or weight <= 0 or fusion != "weighted"):
        raise ParamsError(
            f"{where}: flow_weight goes with fusion: weighted and is a number above 0, or null for the one "
            f"best on validation clips; got {weight!r} with fusion: {fusion}."
        )


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
