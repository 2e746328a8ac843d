"""`vidattn models`: what can be combined, and what one model looks like."""

from vidattn.bench.params import Params, ParamsError

KINDS = ("backbone", "attention", "architecture")


def describe(model: str | None, params: Params) -> str:
    """All plug-ins with their first lines, or one model's summary with cost, parts and map shapes."""
    from vidattn.bench.train import quiet_keras

    quiet_keras()
    from vidattn.models import build

    if model is None:
        return "\n\n".join(_list(kind, build) for kind in KINDS)
    parts = model.split("-")
    if len(parts) != len(KINDS):
        raise ParamsError(
            f"'{model}' is not <backbone>-<attention>-<architecture>, e.g. mobilenet_v2-cbam-image."
        )
    return _one(parts, params)


def _list(kind: str, build) -> str:
    rows = [(n, (build.module(kind, n).__doc__ or "").strip().splitlines()[0]) for n in build.names(kind)]
    width = max(len(name) for name, _ in rows)
    return "\n".join([f"{kind}:", *(f"  {name:{width}s}  {text}" for name, text in rows)])


def _one(parts: list[str], params: Params) -> str:
    from vidattn.bench import complexity, plugins
    from vidattn.models import build

    protocol = params.protocols["clean"]
    sections = (params.backbones, params.attention, params.architectures)
    options = {f"{k}_params": s.get(n) or {} for k, n, s in zip(KINDS, parts, sections)}
    image = build.module("architecture", parts[2]).STREAMS == ("image",)
    asked = protocol.size if isinstance(protocol.size, int) else plugins.native_size(parts[0])
    size, classes = (224, 100) if image else (asked, 101)
    model = build.build(*parts, classes=classes, size=size, frames=protocol.frames, **options)
    cost = complexity.measure(model, profile=False)
    lines = [f"{size} x {size} pixels, {classes} classes" + ("" if image else f", {protocol.frames} frames")]
    lines += [f"FLOPs {cost['flops']:,}, activations {cost['activations']:,}"]
    return "\n".join([build.summary(model), *lines])
