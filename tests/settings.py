"""The committed params.yaml as plain values for tests to change, and what they changed, written and read."""

from copy import deepcopy
from functools import cache
from pathlib import Path

import yaml

from vidattn.bench.config import load as reader
from vidattn.bench.config.schema import Params

ROOT = Path(__file__).resolve().parents[1]
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # a fifth of the time, and hundreds of tests
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@cache
def _committed() -> dict:
    return yaml.load((ROOT / "params.yaml").read_text(), LOADER)


def raw() -> dict:
    """The values of params.yaml, the caller's own."""
    return deepcopy(_committed())


def write(values: dict, folder: Path) -> Path:
    """Values as params.yaml of a folder."""
    path = folder / "params.yaml"
    path.write_text(yaml.dump(values, Dumper=DUMPER))
    return path


def load(values: dict, folder: Path) -> Params:
    """Values written as params.yaml of a folder, and read as every command does."""
    return reader.load(write(values, folder))
