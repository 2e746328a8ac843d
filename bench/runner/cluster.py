"""cluster.yaml: where runs are made. It is the user's, stands beside params.yaml and changes no result."""

from dataclasses import dataclass, field, make_dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from vidattn.bench.config import errors
from vidattn.bench.config.load import content
from vidattn.bench.config.values import section
from vidattn.bench.runner import engines
from vidattn.bench.runner.engines import Engine

PATH = Path("cluster.yaml")


@dataclass(frozen=True)
class Cluster:
    """What cluster.yaml says, or what holds without it.

    Attributes:
        engine: Where `--on` names none. (YAML takes the word `on` for true.)
        device: Which device's finished runs count: `same`, of one class only, or `any`.
    """

    engine: str = engines.DEFAULT
    device: Literal["same", "any"] = "same"


def read(path: Path = PATH, on: str | None = None) -> tuple[Cluster, Engine]:
    """What cluster.yaml says, and the engine that it or `on` names.

    Raises:
        ParamsError: A key, value or engine that is not valid, with the place and the nearest that is.
    """
    raw = content(path) if path.exists() else None
    if raw is None:
        raw = {}
    if not isinstance(raw, dict):
        raise errors.ParamsError(f"{path} holds {type(raw).__name__}, expected sections: {_sections()}.")
    named = on or raw.get("engine", engines.DEFAULT)
    if named not in engines.names():
        raise errors.unknown("engine", named, engines.names(), f"{path}: engine")
    try:
        values = TypeAdapter(section(_typed())).validate_python(raw)
    except ValidationError as error:
        raise errors.first_of(error, raw, str(path)) from None
    return Cluster(values.engine, values.device), engines.engine(named, getattr(values, named))


def _sections() -> str:
    return ", ".join(["engine", "device", *engines.names()])


def _typed() -> Any:
    """`Cluster` with one section per engine; all are checked, whichever is used."""
    settings = {name: engines.module(name).Settings for name in engines.names()}
    parts = [(name, section(kind), field(default_factory=kind)) for name, kind in settings.items()]
    return make_dataclass("WholeCluster", parts, bases=(Cluster,), frozen=True)
