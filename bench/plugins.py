"""What plug-in files declare, read without importing Keras."""

import ast
import functools
from pathlib import Path
from typing import Any

from vidattn.bench.params import ParamsError

ROOT = Path(__file__).resolve().parent.parent


def declared(path: Path, name: str, why: str) -> Any:
    """The literal that a file gives to `name` at its top level; `ParamsError` where there is none."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return _literal(node.value, f"{path}: {name}")
    raise ParamsError(f"{path} has no {name} = ...: {why}.")


def _literal(value: ast.expr, where: str) -> Any:
    """The value of an expression that needs no running."""
    try:
        return ast.literal_eval(value)
    except ValueError:
        raise ParamsError(f"{where}: expected a literal, got {ast.unparse(value)}.") from None


def native_size(backbone: str) -> int:
    """Height and width in pixels that a backbone was made for."""
    path = ROOT / "models" / "backbones" / f"{backbone}.py"
    return declared(path, "SIZE", "it is needed for size: native; give the size in pixels instead")


def official_size(dataset: str) -> int:
    """Clips or pictures of the complete data set, 0 where its file states none; without importing OpenCV."""
    return _stated(dataset, "official_size")


def official_folds(dataset: str) -> int:
    """Number of a data set's official folds, 0 where its file states none; without importing OpenCV."""
    return _stated(dataset, "folds")


@functools.cache
def _stated(dataset: str, field: str) -> int:
    """A number that the `Dataset(...)` of a file gives, itself or as a constant, or 0."""
    path = ROOT / "data" / "datasets" / f"{dataset}.py"
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if path.exists() else ()
    calls = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "Dataset"]
    values = [word.value for call in calls for word in call.keywords if word.arg == field]
    if values and isinstance(values[0], ast.Name):
        return declared(path, values[0].id, f"it is to be the number of {field}")
    return _literal(values[0], f"{path}: {field}") if values else 0
