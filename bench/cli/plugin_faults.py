"""What is wrong with a plug-in file: its name and line, in place of a traceback through this suite."""

import traceback
from pathlib import Path
from types import FrameType

from vidattn.bench.config import plugin_files
from vidattn.bench.config.kinds import FOLDERS
from vidattn.bench.config.plugin_files import ROOT

OWN = ("bench/", "data/", "models/")
SEE = "see CONTRIBUTING.md for what a plug-in file must have"


def error_line(error: BaseException) -> str | None:
    """`models/attention/mine.py:12: TypeError: ...`; None where no plug-in is to blame.

    What this suite itself refuses, with a ValueError that it raises, is told well enough by its message.
    """
    if isinstance(error, SyntaxError) and error.filename and _plugin(Path(error.filename)):
        return f"{_plugin(Path(error.filename))}:{error.lineno}: {error.msg}"
    owner = getattr(getattr(error, "obj", None), "__file__", None)
    if isinstance(error, AttributeError) and owner and (name := _plugin(Path(owner))):
        return f"{name} has no {error.name}: {SEE}."
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return next(filter(None, (_misfit(frame, error, frames) for frame in frames)), None) or _line(error)


def refused(error: BaseException) -> bool:
    """Whether this suite made an error, by a `raise` or a class of its own: its message is for the user."""
    if type(error).__module__.startswith("vidattn."):
        return True
    last = traceback.extract_tb(error.__traceback__)[-1:]
    return any((frame.line or "").startswith("raise") and _is_own(Path(frame.filename)) for frame in last)


def _is_own(path: Path) -> bool:
    return _relative(path).startswith(OWN)


def _line(error: BaseException) -> str | None:
    """The line of a plug-in that an error came through last."""
    frames = traceback.extract_tb(error.__traceback__)
    inside = [(name, frame.lineno) for frame in frames if (name := _plugin(Path(frame.filename)))]
    if not inside:
        return None
    if isinstance(error, ValueError) and refused(error):
        return None
    name, line = inside[-1]
    return f"{name}:{line}: {type(error).__name__}: {_first(error)}"


def _misfit(frame: FrameType, error: BaseException, frames: list[FrameType]) -> str | None:
    """What a plug-in gave that the rest cannot work with: the error comes from later code."""
    seen, place = frame.f_locals, (_relative(Path(frame.f_code.co_filename)), frame.f_code.co_name)
    if place == ("models/build.py", "module"):
        return _without_function(seen["kind"], seen["name"])
    if place == ("models/build.py", "_call") and frame is frames[-1]:  # the call itself: wrong arguments
        code = seen["function"].__code__
        name = _plugin(Path(code.co_filename))
        return name and f"{name}:{code.co_firstlineno}: {_first(error)}"
    if place == ("models/build.py", "build"):
        return _unfit(seen, error, frames)
    model = getattr(seen.get("at_hand"), "whole", None)  # in the loop of training
    if model is not None and model.output_shape[1:] != (len(seen["inputs"].classes),):
        file = f"{FOLDERS['architecture']}/{seen['plan'].plugins['architecture']}.py"
        return plugin_files.wrong_logits(file, model.output_shape, len(seen["inputs"].classes))
    return None


def _without_function(kind: str, name: str) -> str | None:
    """A file that is there, and lacks the function that makes what it is for."""
    file = f"{FOLDERS[kind]}/{name}.py"
    if not (ROOT / file).is_file() or f"\ndef {kind}(" in (ROOT / file).read_text(encoding="utf-8"):
        return None
    return f"{file} has no function {kind}(...): {SEE}."


def _unfit(seen: dict, error: BaseException, frames: list[FrameType]) -> str | None:
    """An attention whose hooks do not fit, or an architecture that made no tensor."""
    file = f"{FOLDERS['attention']}/{seen['attention']}.py"
    made = seen.get("chosen")
    if "chosen" in seen and not hasattr(made, "refine"):
        return f"{file}: attention() returned {_kind(made)}. Expected an Attention, with refine or readout."
    if "output" in seen and not hasattr(seen["output"], "shape"):
        head = f"{FOLDERS['architecture']}/{seen['architecture']}.py"
        return f"{head}: architecture() returned {_kind(seen['output'])}. Expected logits (B, K)."
    passed = {(_relative(Path(f.f_code.co_filename)), f.f_code.co_name) for f in frames}
    hooks = {("models/graph/surgery.py", "refined"), ("models/graph/encoder.py", "output")}
    deeper = any(_plugin(Path(f.f_code.co_filename)) == file for f in frames)  # told by its line
    if seen["attention"] == "none" or deeper or not hooks & passed:
        return None
    return f"{file}: what its refine or readout gives does not fit: {_first(error)}"


def _kind(value: object) -> str:
    return "None" if value is None else type(value).__name__


def _first(error: BaseException) -> str:
    """The first line of an error's message that says something."""
    return next((text for text in str(error).splitlines() if text.strip()), "")


def _plugin(path: Path) -> str | None:
    """The path of a plug-in file below the root of the project; None for other files."""
    name = _relative(path)
    inside = Path(name).parent.as_posix() in FOLDERS.values() and path.name != "__init__.py"
    return name if inside else None


def _relative(path: Path) -> str:
    """A path below the root of the project, links resolved; else as it is."""
    resolved = path.resolve()
    return (
        resolved.relative_to(ROOT.resolve()).as_posix()
        if resolved.is_relative_to(ROOT.resolve())
        else str(path)
    )
