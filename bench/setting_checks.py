"""What the settings of flow and of augmentation in params.yaml may be: names, and kinds of values."""

from typing import Any

from vidattn.bench.params import Flow, ParamsError, unknown

# What `data/flow.py` takes, by method; beside this, as importing it takes a while.
FLOW = {"tvl1": ("warps", "epsilon"), "dis": ("preset",), "farneback": ()}
KEPT = "container"  # how any flow is kept
WORDS = {"preset": ("ultrafast", "fast", "medium"), KEPT: ("webp", "npy")}
AMOUNTS = ("rotation", "shear", "channel_shift")


def flow(chosen: Flow, where: str) -> None:
    """Settings that the method takes; stacks of two ways need flow of both ways.

    Anchored flow is stacked where it is computed.
    """
    if chosen.stack == "bidirectional" and (chosen.definition != "both" or chosen.length % 2):
        raise ParamsError(f"{where}: stack: bidirectional needs definition: both and an even length.")
    if chosen.stack == "trajectory" and chosen.definition == "anchored":
        raise ParamsError(
            f"{where}: stack: trajectory needs definition: consecutive (or both), not anchored."
        )
    keys(chosen.settings, (*FLOW[chosen.method], KEPT), f"{where}.settings")
    for name, value in chosen.settings.items():
        _flow_value(name, value, f"{where}.settings.{name}")


def _flow_value(name: str, value: Any, where: str) -> None:
    if name in WORDS and value not in WORDS[name]:
        raise unknown(name, value, WORDS[name], where)
    if name == "warps" and (type(value) is not int or value < 1):
        raise ParamsError(f"{where}: expected a whole number from 1, got {value!r}.")
    if name == "epsilon" and not (_number(value) and value > 0):
        raise ParamsError(f"{where}: expected a number above 0, got {value!r}.")


def augment(values: dict, where: str) -> None:
    """Names that `data/augment.py` knows, with values from which it can draw."""
    from vidattn.data import augment

    try:
        augment.parse(values)
    except (TypeError, ValueError) as error:
        raise ParamsError(f"{where}: {error}") from None
    for name in AMOUNTS:
        value = values.get(name, 0)
        if not (_number(value) and value >= 0):
            raise ParamsError(f"{where}.{name}: expected a number from 0, got {value!r}.")
    _zoom_and_flip(values.get("zoom", [1, 1]), values.get("flip", False), where)


def _zoom_and_flip(zoom: Any, flip: Any, where: str) -> None:
    if not (isinstance(zoom, list) and len(zoom) == 2 and all(map(_number, zoom)) and 0 < zoom[0] <= zoom[1]):
        raise ParamsError(f"{where}.zoom: expected [least, largest], two numbers above 0, got {zoom!r}.")
    if not isinstance(flip, bool):
        raise ParamsError(f"{where}.flip: expected true or false, got {flip!r}.")


def _number(value: object) -> bool:
    return type(value) in (int, float)


def keys(values: dict, valid: tuple[str, ...], where: str) -> None:
    """Raises `ParamsError` on a key that is not valid, with the nearest that is."""
    for key in values:
        if key not in valid:
            raise unknown("key", key, valid, where)
