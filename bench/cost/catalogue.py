"""`vidattn models`: what can be combined at which cost, and what one model looks like."""

import ast
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from vidattn.bench.config import plugin_files
from vidattn.bench.config.errors import ParamsError, unknown
from vidattn.bench.config.schema import Params
from vidattn.bench.results import files as reading

FOLDERS = {"backbone": "backbones", "attention": "attention", "architecture": "architectures"}
KINDS = tuple(FOLDERS)
# Which counted models stand for a plug-in: the first that all of its kind have, else the first that it has.
SHOWN = {
    "backbone": ("{}-none-image-1000", "{}-none-image-101"),
    "attention": ("mobilenet_v2-{}-image-100", "tiny-{}-image-101"),
    "architecture": ("tiny-none-{}-101", "none-none-{}-101"),
}
COUNTED = (*KINDS, "parameters", "flops", "classes", "size", "frames")
TODO = {
    "not counted yet": "Run: vidattn complexity",
    "not registered": "Add each to its section of params.yaml, as `mine: {}`; then run: vidattn complexity",
    "not asked for": "Add the models to `complexity` in params.yaml; then run: vidattn complexity",
}


def describe(model: str | None, params: Params, folder: Path) -> str:
    """All plug-ins with their costs, or one model's summary with cost, taps, parts and map shapes.

    Args:
        model: `<backbone>-<attention>-<architecture>`, or None for the list, which imports no framework.
        params: Settings of the plug-ins.
        folder: The records that `vidattn complexity` wrote.
    """
    if model is None:
        return listing(folder, params)
    parts = model.split("-")
    if len(parts) != len(KINDS):
        raise ParamsError(
            f"'{model}' is not <backbone>-<attention>-<architecture>, e.g. mobilenet_v2-cbam-image."
        )
    for kind, name in zip(KINDS, parts):
        files = {path.stem for path in plugin_files.folder(kind).glob("[a-z]*.py")}
        if name not in (named := {*getattr(params, plugin_files.SECTIONS[kind]), *files}):
            raise unknown(kind, name, sorted(named), "models")
    if plugin_files.optional("architecture", parts[-1], "NETWORK") is False:
        raise ParamsError(
            f"'{parts[-1]}' is no network, so nothing is built. Run it as a cell: "
            f"vidattn run <data set>-{model}-<protocol>."
        )
    return _one(model, parts, params)


def listing(folder: Path, params: Params) -> str:
    """Every backbone, attention and architecture with parameters and FLOPs, and what they were counted on."""
    rows = {kind: _rows(kind, folder) for kind in KINDS}
    widths = [max(len(row[i]) for kind in KINDS for row in rows[kind]) for i in range(4)]
    lines = []
    for kind in KINDS:
        head = (kind, "parameters", "FLOPs", "counted on", "")
        lines += ["", *(_line(row, widths) for row in (head, *rows[kind]))]
    uncounted = [(kind, row[0]) for kind in KINDS for row in rows[kind] if row[1] == "-"]
    return "\n".join([*lines[1:], *([""] if uncounted else []), *_todo(uncounted, params)])


def _todo(uncounted: list[tuple[str, str]], params: Params) -> Iterator[str]:
    """A line for each reason why plug-ins have no counts, with what to do."""
    if not uncounted:
        return iter(())
    from vidattn.bench.cost import count_models

    asked = {model for model, _ in count_models.specs(params)}
    found: dict[str, list[str]] = {why: [] for why in TODO}
    for kind, name in uncounted:
        wanted = any(model.format(name) in asked for model in SHOWN[kind])
        known = name in getattr(params, FOLDERS[kind])
        found["not registered" if not known else "not counted yet" if wanted else "not asked for"].append(
            name
        )
    return (f"-  {why}: {', '.join(names)}. {TODO[why]}" for why, names in found.items() if names)


def _files(kind: str) -> list[Path]:
    """The plug-in files of a kind, found without importing them."""
    root = next(iter(find_spec("vidattn.models").submodule_search_locations))
    return sorted(p for p in (Path(root) / FOLDERS[kind]).glob("*.py") if p.stem != "__init__")


def _rows(kind: str, folder: Path) -> list[tuple[str, ...]]:
    """A row a plug-in, all of the same backbone or head where every one that is counted is counted on it."""
    files = _files(kind)
    have = {
        m: {f.stem for f in files if (folder / f"{m.format(f.stem)}.json").is_file()} for m in SHOWN[kind]
    }
    counted = set().union(*have.values())
    models = [m for m in SHOWN[kind] if have[m] == counted] or SHOWN[kind]
    return [_row(kind, path, folder, models) for path in files]


def _row(kind: str, path: Path, folder: Path, models: Sequence[str]) -> tuple[str, ...]:
    """Name, parameters, FLOPs, setting and first line of a plug-in, by the first model that is there."""
    text = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]
    if plugin_files.optional(kind, path.stem, "NETWORK") is False:
        return (path.stem, "0", "0", "no network", text)
    for model in models:
        record = folder / f"{model.format(path.stem)}.json"
        if record.is_file():
            found = reading.record(record, COUNTED, "Delete it, then: vidattn complexity")
            return (path.stem, f"{found['parameters']:,}", f"{found['flops']:,}", setting(found), text)
    return (path.stem, "-", "-", "-", text)


def setting(record: dict) -> str:
    """The model, classes, pixels and frames of a record in a few words."""
    image = plugin_files.optional("architecture", record["architecture"], "STREAMS") == ("image",)
    frames = "" if image else f", {record['frames']} frames"
    names = "-".join(record[kind] for kind in KINDS)
    return f"{names}, {record['classes']} classes, {record['size']} px{frames}"


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    name, parameters, flops, where, text = row
    a, b, c, d = widths
    return f"{name:{a}}  {parameters:>{b}}  {flops:>{c}}  {where:{d}}  {text}".rstrip()


def _one(name: str, parts: list[str], params: Params) -> str:
    from vidattn.bench.train.reproducible import quiet_keras

    quiet_keras()
    from vidattn.bench.cost import complexity
    from vidattn.models import build
    from vidattn.models.graph import inspection

    protocol = params.protocols["clean"]
    plugins = [plugin_files.lookup(kind, name, params) for kind, name in zip(KINDS, parts)]
    parts = [plugin.file for plugin in plugins]
    options = {f"{plugin.kind}_params": plugin.arguments for plugin in plugins}
    backbone, head = build.module("backbone", parts[0]), build.module("architecture", parts[2])
    image = head.STREAMS == ("image",)
    asked = protocol.size if isinstance(protocol.size, int) else plugin_files.native_size(parts[0])
    size, classes = (224, 100) if image else (asked, 101)
    size = max(size, getattr(backbone, "LEAST", 0))
    length = getattr(head, "FLOW_LENGTH", params.flows[protocol.flow].length)
    model = build.build(
        *parts, classes=classes, size=size, frames=protocol.frames, flow_length=length, **options
    )
    if model.output_shape[1:] != (classes,):
        file = f"models/architectures/{parts[2]}.py"
        raise ParamsError(plugin_files.wrong_logits(file, model.output_shape, classes))
    cost = complexity.measure(model, profile=False)
    text = inspection.summary(model).removeprefix(model.name)  # which is made of the files of variants
    frames = "" if image else f", {protocol.frames} frames"
    return "\n".join(
        [
            f"{name}{text}",
            *_taps(parts, size, options["backbone_params"]),
            f"FLOPs {cost['flops']:,}, activations {cost['activations']:,}",
            f"Counted for {classes} classes, {size} x {size} pixels{frames}, "
            "with its arguments in params.yaml.",
            "A cell has its data set's classes and its protocol's size and head; its own counts, "
            f"once it ran: vidattn show <data set>-{name}-<protocol>",
        ]
    )


def _taps(parts: list[str], size: int, options: dict) -> list[str]:
    """Where attention may act: layers of the backbone and their shapes, as readers and in line."""
    from vidattn.models import build
    from vidattn.models.graph import surgery, weights

    file = build.module("backbone", parts[0])
    if not file.ENDPOINTS:
        return [f"  taps   those of {parts[2]}'s own body; the maps above are where attention acts"]
    model = weights.stock(file, (size, size, 3), **{"weights": None, **options})
    taps = {"reader": file.ENDPOINTS, "inline": file.INLINE}
    ends = getattr(file, "PARALLEL", {})
    taps["beside"] = {stage: end for stage, (_, end) in ends.items()}
    return [
        f"  {how} {stage:7s}{name:26s} {_shape(model.get_layer(surgery.layer_name(model, name)).output)}"
        for how, stages in taps.items()
        for stage, name in stages.items()
    ]


def _shape(tensor) -> str:
    """A shape with B for the batch."""
    return "(" + ", ".join("B" if s is None else str(s) for s in tensor.shape) + ")"
