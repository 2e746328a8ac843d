"""The one reader of params.yaml: frozen dataclasses, every key checked."""

import difflib
import typing
from collections.abc import Iterable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

import yaml


class ParamsError(ValueError):
    """params.yaml says something that the suite does not understand."""


@dataclass(frozen=True)
class Grid:
    """A block of cells: the product of its five axes, run on every fold with every seed."""

    dataset: list
    backbone: list
    attention: list
    architecture: list
    protocol: list
    folds: list
    seeds: list


@dataclass(frozen=True)
class Flow:
    """Optical flow: `length` pairs in a stack, stored in 8 bits within +-`bound` pixels.

    `definition` is what is computed: consecutive pairs, both ways of each, or anchored at one frame; `stack`,
    which may be left out, how those not anchored are joined: consecutive, trajectory or bidirectional.
    """

    method: str
    definition: str
    length: int
    bound: float
    settings: dict
    stack: str = "consecutive"


@dataclass(frozen=True)
class Protocol:
    """How a cell is trained and scored. `kind` is paper or clean; `defects` names what paper does wrong.

    `split` is official or random; `validation` groups, clips or none; `select` best or last (epoch);
    `encoder` trained or frozen (heads on stored features); `weights` random, imagenet, or a folder of files
    (./weights) named by backbone; `pool` mean or flat features of a frozen encoder; `normalise` scales each
    to length sqrt(D); `head` are arguments for the architectures that take them; `sampling` uniform or
    per_second; `order` of the frames given or shuffled; `frames` per clip, 0 for the integer mean over the
    data set (You & Korhonen); `mask` keeps the frames of zeros at the end of short clips out of everything;
    `size` in pixels, or native for the backbone's own; `colour` rgb or bgr; `patience` epochs without
    improvement on validation after which training stops, 0 for never; `optimizer.learning_rate` one rate, or
    a list of which validation chooses one. Two may be left out: `train_frames` 1 trains on one random frame
    (or flow stack) of each clip an epoch, None on all; `loss` clipped is that of Keras 2 (see `losses`).
    """

    kind: str
    defects: list
    split: str
    validation: str
    select: str
    encoder: str
    weights: str
    pool: str
    normalise: bool
    head: dict
    sampling: str
    order: str
    frames: int
    mask: bool
    size: int | str
    colour: str
    flow: str
    augment: dict
    epochs: int
    patience: int
    batch: int
    optimizer: dict
    accumulate: int
    precision: str
    shuffle: bool
    drop_remainder: bool
    train_frames: int | None = None
    loss: str | None = None

    def settings(self) -> dict[str, Any]:
        """The settings by name, less an optional one that is not set: as if it did not exist."""
        return {name: value for name, value in vars(self).items() if value is not None}

    @property
    def rates(self) -> list[float]:
        """The learning rates to train with, in the order given."""
        rate = self.optimizer["learning_rate"]
        return list(rate) if isinstance(rate, list) else [rate]


@dataclass(frozen=True)
class Params:
    """The whole of params.yaml."""

    suite: str
    store: str
    suites: dict
    datasets: dict
    backbones: dict
    attention: dict
    architectures: dict
    flows: dict
    protocols: dict
    tables: list
    compare: dict
    complexity: list


ROOT = Path(__file__).resolve().parent.parent
# What a user adds as a file -> where the file lies and the section that registers it.
PLUGINS = {
    "dataset": ("data/datasets", "datasets"),
    "data set": ("data/datasets", "datasets"),
    "backbone": ("models/backbones", "backbones"),
    "attention": ("models/attention", "attention"),
    "architecture": ("models/architectures", "architectures"),
}
CHOICES = {
    "kind": ("paper", "clean"),
    "split": ("official", "random"),
    "validation": ("groups", "clips", "none"),
    "select": ("best", "last"),
    "encoder": ("trained", "frozen"),
    "pool": ("mean", "flat"),
    "order": ("given", "shuffled"),
    "sampling": ("uniform", "per_second"),
    "colour": ("rgb", "bgr"),
    "method": ("tvl1", "dis", "farneback"),
    "definition": ("anchored", "both", "consecutive"),
    "stack": ("consecutive", "trajectory", "bidirectional"),
    "loss": ("clipped", None),
    "precision": ("float32", "mixed_float16", "mixed_bfloat16"),
}


def unknown(what: str, name: object, valid: Iterable[str], where: str = "params.yaml") -> ParamsError:
    """The error for a name that is not there: lists the valid ones and suggests the nearest.

    A plug-in whose file is there has only to be registered, and the error says how.
    """
    folder, section = PLUGINS.get(what, ("", ""))
    if folder and (ROOT / folder / f"{name}.py").is_file():
        known = f"{folder}/{name}.py exists: add `{name}: {{}}` under `{section}` in params.yaml."
        return ParamsError(f"{where}: {what} '{name}' is not registered. {known}")
    valid = sorted(map(str, valid))
    near = difflib.get_close_matches(str(name), valid, n=1, cutoff=0.5)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return ParamsError(f"{where}: unknown {what} '{name}'.{hint} Expected one of: {', '.join(valid)}.")


def parse(cls: type, values: Any, where: str) -> Any:
    """Build the dataclass `cls` from a mapping; raises `ParamsError` on unknown, missing or mistyped keys."""
    if not isinstance(values, dict):
        raise ParamsError(f"{where}: expected a mapping with the keys of {cls.__name__}, got {values!r}.")
    known = {f.name for f in fields(cls)}
    for key in values:
        if key not in known:
            raise unknown("key", key, known, where)
    missing = [f.name for f in fields(cls) if f.name not in values and f.default is MISSING]
    if missing:
        raise ParamsError(f"{where}: missing key{'s' * (len(missing) > 1)} {', '.join(missing)}.")
    types = typing.get_type_hints(cls)
    for key, value in values.items():
        wanted = types[key]
        if wanted is float and type(value) is int:
            value = float(value)
        if not isinstance(value, wanted) or (wanted in (int, float) and isinstance(value, bool)):
            name = getattr(wanted, "__name__", str(wanted))
            raise ParamsError(f"{where}.{key}: expected {name}, got {value!r}.")
        if key in CHOICES and value not in CHOICES[key]:
            raise unknown(key, value, CHOICES[key], f"{where}.{key}")
    return cls(**values)


def load(path: Path = Path("params.yaml"), **overrides: Any) -> Params:
    """Read and check params.yaml; `overrides` replace top-level keys (for example `suite`)."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParamsError(f"No {path} here. Run vidattn from the project's root folder.") from None
    except yaml.YAMLError as error:
        raise ParamsError(f"{path} is not valid YAML: {_where(error)}.") from None
    params = parse(Params, {**raw, **overrides} if isinstance(raw, dict) else raw, str(path))
    return _checked(params, str(path))


def _where(error: yaml.YAMLError) -> str:
    """Where YAML stopped and why, in one line; a comma missing between braces shows one key later."""
    mark, start = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    if mark is None:
        return " ".join(str(error).split())
    since = f", in what starts on line {start.line + 1}" if start else ""
    return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}{since}"


def _grids(values: Any, where: str) -> list[Grid]:
    if not isinstance(values, list) or not values:
        raise ParamsError(f"{where}: expected a list of grids, got {values!r}.")
    return [parse(Grid, value, where) for value in values]


def _checked(params: Params, where: str) -> Params:
    from vidattn.bench import checks

    made = {
        "protocols": {k: parse(Protocol, v, f"{where}: protocols.{k}") for k, v in params.protocols.items()},
        "flows": {k: parse(Flow, v, f"{where}: flows.{k}") for k, v in params.flows.items()},
        "suites": {k: _grids(v, f"{where}: suites.{k}") for k, v in params.suites.items()},
    }
    params = Params(**{**vars(params), **made})
    checks.check(params, where)
    return params
