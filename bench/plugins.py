"""What plug-in files declare, read without importing Keras."""

import ast
from pathlib import Path
from typing import Any

from vidattn.bench.params import ParamsError

ROOT = Path(__file__).resolve().parent.parent


def declared(path: Path, name: str, why: str) -> Any:
    """The literal that a file gives to `name` at its top level; `ParamsError` where there is none."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return ast.literal_eval(node.value)
    raise ParamsError(f"{path} has no {name} = ...: {why}.")


def native_size(backbone: str) -> int:
    """Height and width in pixels that a backbone was made for."""
    path = ROOT / "models" / "backbones" / f"{backbone}.py"
    return declared(path, "SIZE", "it is needed for size: native; give the size in pixels instead")


def official_size(dataset: str) -> int:
    """Clips or pictures of the complete data set, 0 where its file states none; without importing OpenCV."""
    path = ROOT / "data" / "datasets" / f"{dataset}.py"
    words = ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if path.exists() else ()
    stated = [word for word in words if isinstance(word, ast.keyword) and word.arg == "official_size"]
    return int(ast.literal_eval(stated[0].value)) if stated else 0
