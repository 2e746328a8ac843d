"""What plug-in files declare, read without importing Keras."""

import ast
import functools
import symtable
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.kinds import FOLDERS, SECTIONS
from vidattn.bench.config.schema import Params

ROOT = Path(__file__).resolve().parents[2]
# kind -> what its function is given by the suite, and not by params.yaml
GIVEN = {"dataset": "name", "backbone": "shape", "attention": "", "architecture": "encoder"}


@dataclass(frozen=True)
class PlugIn:
    """What a name of params.yaml stands for: a plug-in's file, and arguments for the function in it."""

    kind: str
    file: str
    arguments: dict[str, Any]

    @property
    def path(self) -> Path:
        """Where the file lies, whether it is there or not."""
        return folder(self.kind) / f"{self.file}.py"

    def declares(self, name: str) -> Any:
        """The literal that the file gives to `name` at its top level, or None."""
        return optional(self.kind, self.file, name)


Named = Mapping[str, Mapping[str, PlugIn]]  # kind -> name of params.yaml -> what it stands for


def plugin(kind: str, name: str, params: Params) -> PlugIn:
    """The plug-in that a name stands for: the file of that name, or for a variant the one that it names.

    `attention: {l2pa_dot: {plugin: l2pa, score: dot}}` is a variant.
    """
    arguments = dict(getattr(params, SECTIONS[kind])[name])
    return PlugIn(kind, arguments.pop("plugin", name), arguments)


def lookup(kind: str, name: str, params: Params) -> PlugIn:
    """As `plugin`, and for a name that is not registered the file of that name, without arguments."""
    registered = name in getattr(params, SECTIONS[kind])
    return plugin(kind, name, params) if registered else PlugIn(kind, name, {})


def every(params: Params) -> dict[str, dict[str, PlugIn]]:
    """What every name of params.yaml stands for, by kind: for whoever is not to read params.yaml."""
    return {
        kind: {name: plugin(kind, name, params) for name in getattr(params, section)}
        for kind, section in SECTIONS.items()
    }


def among(named: Named, kind: str, name: str) -> PlugIn:
    """As `lookup`, of names that `every` gave."""
    return named.get(kind, {}).get(name) or PlugIn(kind, name, {})


def name_of(plugin: PlugIn, named: Named) -> str | None:
    """The first name that stands for a file with just these arguments; None where none does."""
    every = {plugin.file: PlugIn(plugin.kind, plugin.file, {}), **named.get(plugin.kind, {})}
    return next((name for name, one in every.items() if one == plugin), None)


def control(architecture: str, named: Named) -> str | None:
    """The name that stands for the `CONTROL` of an architecture, with the same arguments.

    None where its file states none, or where no name has these arguments: another width, say, would be in the
    difference too.
    """
    own = among(named, "architecture", architecture)
    file = own.declares("CONTROL")
    return name_of(PlugIn("architecture", file, own.arguments), named) if file else None


def folder(kind: str) -> Path:
    """Where the plug-in files of a kind lie."""
    return ROOT / FOLDERS[kind]


@functools.cache
def files(kind: str) -> tuple[str, ...]:
    """The plug-in files of a kind, by name."""
    return tuple(sorted(path.stem for path in folder(kind).glob("*.py") if path.stem != "__init__"))


@functools.cache
def arguments(kind: str, file: str) -> dict[str, tuple]:
    """Arguments that params.yaml may give to a plug-in's function, read without importing Keras.

    By name: the values of an argument that is annotated as a `Literal`, or nothing where any will do.
    """
    path = folder(kind) / f"{file}.py"
    tree = _parsed(path)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == kind]
    taken = [a for node in functions for a in (*node.args.args, *node.args.kwonlyargs)]
    return {a.arg: _choices(a.annotation) for a in taken if a.arg != GIVEN[kind]}


def _parsed(path: Path) -> ast.Module:
    """The syntax tree of a plug-in's file; an error names the file."""
    try:
        return ast.parse(path.read_bytes(), str(path))
    except ValueError as error:  # bytes that are no text
        raise ParamsError(f"{path}: {error}. Expected Python in UTF-8.") from None
    except SyntaxError as error:
        error.filename = error.filename or str(path)
        error.lineno = error.lineno or 1
        raise


def wrong_logits(file: str, shape: tuple, classes: int) -> str:
    """The line on an architecture whose output is not one score for each class."""
    return f"{file}: expected logits of shape (B, {classes}), got (B, {', '.join(map(str, shape[1:]))})."


def _choices(annotation: ast.expr | None) -> tuple:
    """The values of `Literal[...]`, with None where that may stand in their place."""
    if isinstance(annotation, ast.BinOp):
        values = _choices(annotation.left)
        return (*values, None) if values else ()
    if not isinstance(annotation, ast.Subscript) or ast.unparse(annotation.value) != "Literal":
        return ()
    values = ast.literal_eval(annotation.slice)
    return values if isinstance(values, tuple) else (values,)


def declared(path: Path, name: str, why: str) -> Any:
    """The literal that a file gives to `name` at its top level; `ParamsError` where there is none."""
    for node in _parsed(path).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return _literal(node.value, f"{path}: {name}")
    raise ParamsError(f"{path} has no {name} = ...: {why}.")


@functools.cache
def optional(kind: str, file: str, name: str) -> Any:
    """The literal that a plug-in's file gives to `name`, None where it or the file is not there."""
    path = folder(kind) / f"{file}.py"
    nodes = _parsed(path).body if path.is_file() else ()
    if any(isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name for node in nodes):
        return declared(path, name, "it is optional")
    return None


def defines(kind: str, file: str, name: str) -> bool:
    """Whether a plug-in's file has `name` at its top level, by whatever statement; without importing it."""
    path = folder(kind) / f"{file}.py"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    symbols = symtable.symtable(text, str(path), "exec").get_symbols()
    return any(one.get_name() == name and (one.is_assigned() or one.is_imported()) for one in symbols)


def _literal(value: ast.expr, where: str) -> Any:
    """The value of an expression that needs no running."""
    try:
        return ast.literal_eval(value)
    except ValueError:
        raise ParamsError(f"{where}: expected a literal, got {ast.unparse(value)}.") from None


def native_size(backbone: str) -> int:
    """Height and width in pixels that a backbone was made for."""
    path = folder("backbone") / f"{backbone}.py"
    return declared(path, "SIZE", "it is needed for size: native; give the size in pixels instead")


def official_size(dataset: str) -> int:
    """Clips or pictures of the complete data set, 0 where its file states none; without importing OpenCV."""
    return _stated(dataset, "official_size")


def official_folds(dataset: str) -> int:
    """Number of a data set's official folds, 0 where its file states none; without importing OpenCV."""
    return _stated(dataset, "folds")


def generated(dataset: str) -> bool:
    """Whether a data set's file makes its clips and takes none that were recorded; imports no OpenCV."""
    path = folder("dataset") / f"{dataset}.py"
    nodes = _parsed(path).body if path.is_file() else ()
    calls = [
        node.value for node in nodes if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
    ]
    stated = [call for call in calls if ast.unparse(call.func) == "Dataset"]
    words = {word.arg for call in stated for word in call.keywords}
    return "generate" in words and "place" not in words


@functools.cache
def _stated(dataset: str, field: str) -> int:
    """A number that the `Dataset(...)` of a file gives, itself or as a constant, or 0."""
    path = folder("dataset") / f"{dataset}.py"
    nodes = ast.walk(_parsed(path)) if path.exists() else ()
    calls = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "Dataset"]
    values = [word.value for call in calls for word in call.keywords if word.arg == field]
    if values and isinstance(values[0], ast.Name):
        return declared(path, values[0].id, f"it is to be the number of {field}")
    return _literal(values[0], f"{path}: {field}") if values else 0
