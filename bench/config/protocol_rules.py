"""What a protocol of params.yaml means: choices that go together."""

from vidattn.bench.config import plugin_files
from vidattn.bench.config.errors import ParamsError, check_keys, unknown
from vidattn.bench.config.schema import Protocol


def check(protocol: Protocol, where: str) -> None:
    """Raises `ParamsError` on the first settings of a protocol that do not go together."""
    _head(protocol.head, f"{where}.head")
    _train_frames(protocol, where)
    _window(protocol, where)
    _validation(protocol, where)
    _freeze(protocol, where)


def _freeze(protocol: Protocol, where: str) -> None:
    """What is kept as the weights have it needs weights; heads may then read maps that were stored once."""
    if protocol.freeze in (None, "none"):
        return
    needed = {"encoder": "trained", "order": "given", "normalise": False}
    wrong = [key for key, value in needed.items() if getattr(protocol, key) != value]
    if wrong:
        key, value = wrong[0], str(needed[wrong[0]]).lower()
        raise ParamsError(
            f"{where}.freeze: {protocol.freeze} needs {key}: {value}, got {getattr(protocol, key)}."
        )
    if protocol.weights == "random":
        raise ParamsError(
            f"{where}.freeze: {protocol.freeze} would keep random weights. Expected weights: imagenet or a "
            "folder, or freeze: none."
        )


def _train_frames(protocol: Protocol, where: str) -> None:
    """One random frame of a clip is drawn from frames, not from features, of clips of one length."""
    if protocol.train_frames and (protocol.encoder, protocol.sampling) != ("trained", "uniform"):
        raise ParamsError(
            f"{where}.train_frames: 1 needs encoder: trained and sampling: uniform, "
            f"got {protocol.encoder} and {protocol.sampling}."
        )


def _window(protocol: Protocol, where: str) -> None:
    """A window has a length and a number of frames; no other sampling has a length."""
    if (protocol.sampling == "window") != (protocol.seconds is not None):
        raise ParamsError(
            f"{where}.seconds: goes with sampling: window, and it with seconds; "
            f"got {protocol.seconds} and {protocol.sampling}."
        )
    if protocol.sampling != "per_second" and not protocol.frames:
        raise ParamsError(f"{where}.frames: 0 needs sampling: per_second, got {protocol.sampling}.")


def _validation(protocol: Protocol, where: str) -> None:
    """What is chosen on validation clips needs them, and these are to be drawn as the test clips are."""
    if (protocol.validation, protocol.split) == ("clips", "official"):
        raise ParamsError(
            f"{where}.validation: clips needs split: random, got official; expected groups or none."
        )
    needs = {"optimizer.learning_rate": len(protocol.rates) > 1, "patience": protocol.patience > 0}
    for key, asked in needs.items():
        if asked and (protocol.validation == "none" or protocol.select != "best"):
            raise ParamsError(
                f"{where}.{key}: {'a list of rates' if key != 'patience' else 'patience'} needs "
                "validation: groups or clips, and select: best, "
                f"got {protocol.validation} and {protocol.select}."
            )


def fusion(values: dict, where: str) -> None:
    """How streams are fused: the architecture's arguments, with those of a protocol's head."""
    fusion, weight = values.get("fusion", "average"), values.get("flow_weight")
    if weight is not None and (type(weight) not in (int, float) or weight <= 0 or fusion != "weighted"):
        raise ParamsError(
            f"{where}: flow_weight goes with fusion: weighted and is a number above 0, or null for the one "
            f"best on validation clips; got {weight!r} with fusion: {fusion}."
        )


def _head(head: dict, where: str) -> None:
    """Arguments that some architecture takes, with such values; each is given those that it knows."""
    every = [plugin_files.arguments("architecture", file) for file in plugin_files.files("architecture")]
    check_keys(head, {name for arguments in every for name in arguments}, where)
    for name, value in head.items():
        choices = [arguments[name] for arguments in every if name in arguments]
        valid = dict.fromkeys(value for values in choices for value in values)
        if all(choices) and value not in valid:
            raise unknown(name, value, valid, f"{where}.{name}")
