"""What a protocol of params.yaml means: numbers that can be, choices that go together."""

import ast
from pathlib import Path

from vidattn.bench import setting_checks as settings
from vidattn.bench.params import ParamsError, Protocol, unknown
from vidattn.bench.plugins import declared
from vidattn.bench.setting_checks import keys

LEAST = {"frames": 0, "epochs": 1, "patience": 0, "batch": 1, "accumulate": 1}
WEIGHTS = ("random", "imagenet", "a folder, with a / in its name")
OPTIMIZERS = ("adam", "rmsprop", "rmsprop_legacy", "sgd")
OURS = ("name", "learning_rate", "inverse_time_decay")
KERAS = ("epsilon", "momentum", "nesterov", "rho", "beta_1", "beta_2", "weight_decay")
CLIPPING = ("clipnorm", "clipvalue", "global_clipnorm")
MODELS = Path(__file__).resolve().parent.parent / "models"
# function -> what the suite gives it
GIVEN = {"backbone": "shape", "attention": "", "architecture": "encoder"}


def check(protocol: Protocol, where: str) -> None:
    """Raises `ParamsError` on the first thing of a protocol that cannot be; `where` leads to it."""
    for key, least in LEAST.items():
        if getattr(protocol, key) < least:
            raise ParamsError(f"{where}.{key}: expected {least} or more, got {getattr(protocol, key)}.")
    if protocol.size != "native" and not (isinstance(protocol.size, int) and protocol.size > 0):
        raise ParamsError(f"{where}.size: expected pixels or native, got {protocol.size!r}.")
    if protocol.weights not in WEIGHTS[:2] and "/" not in protocol.weights:
        raise unknown("weights", protocol.weights, WEIGHTS, f"{where}.weights")
    keys(protocol.optimizer, (*OURS, *KERAS, *CLIPPING), f"{where}.optimizer")
    if protocol.optimizer.get("name") not in OPTIMIZERS:
        raise unknown("optimizer", protocol.optimizer.get("name"), OPTIMIZERS, f"{where}.optimizer.name")
    if protocol.optimizer["name"] == "rmsprop_legacy":
        keys(protocol.optimizer, (*OURS, "epsilon", "rho", *CLIPPING), f"{where}.optimizer")
    if protocol.head:
        keys(protocol.head, _head_arguments(), f"{where}.head")
    if protocol.augment:
        settings.augment(protocol.augment, f"{where}.augment")
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


def fusion(values: dict, where: str) -> None:
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


def _head_arguments() -> tuple[str, ...]:
    """What any architecture takes; each is given those that it knows."""
    paths = (MODELS / "architectures").glob("*.py")
    return tuple(sorted({argument for path in paths for argument in arguments(path)}))


def arguments(path: Path) -> tuple[str, ...]:
    """Arguments of a plug-in's function that params.yaml may set, read without importing Keras."""
    found: list[str] = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name in GIVEN:
            found += [argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)]
    return tuple(name for name in found if name not in GIVEN.values())
