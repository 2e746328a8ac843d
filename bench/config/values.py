"""What single values of params.yaml may be; each says in one line what was expected."""

import math
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, Strict

from vidattn.data.files import names


def _number(least: float, below: float = math.inf, *, above: bool = False) -> Any:
    """The type of a finite number from `least` (or above it) to less than `below`, kept as it is written."""
    expected = f"a number {'above' if above else 'from'} {least:g}"
    expected += f" to less than {below:g}" if below < math.inf else ""

    def check(value: Any) -> float:
        number = type(value) in (int, float) and math.isfinite(value)
        if not number or not least <= value < below or (above and value == least):
            raise ValueError(f"expected {expected}, got {value!r}.")
        return value

    return Annotated[float, PlainValidator(check)]


def section(cls: type) -> Any:
    """`cls` from a mapping; a key that it does not have is told with the nearest that it has."""
    valid = tuple(get_type_hints(cls))

    def check(value: Any) -> Any:
        for key in value if isinstance(value, dict) else ():
            if key not in valid:
                raise ValueError(names.unknown("key", key, valid))
        return value

    return Annotated[cls, BeforeValidator(check)]


def _learning_rate(value: Any) -> Any:
    """One rate, or a list of which validation chooses one."""
    for rate in value if isinstance(value, list) and value else [value]:
        if type(rate) not in (int, float) or not 0 < rate < math.inf:
            raise ValueError(f"expected a rate above 0 or a list of them, got {value!r}.")
    return value


def _size(value: Any) -> Any:
    if value != "native" and not (type(value) is int and value > 0):
        raise ValueError(f"expected pixels or native, got {value!r}.")
    return value


def _weights(value: str) -> str:
    if value not in ("random", "imagenet") and "/" not in value:
        folder = "a folder, with a / in its name"
        raise ValueError(names.unknown("weights", value, ("random", "imagenet", folder)))
    return value


def _train_frames(value: Any) -> Any:
    if value is not None and (type(value) is not int or value != 1):
        raise ValueError(f"expected null for all frames, or 1, got {value!r}.")
    return value


def _zoom(value: Any) -> Any:
    numbers = isinstance(value, list) and len(value) == 2 and all(type(v) in (int, float) for v in value)
    if not numbers or not 0 < value[0] <= value[1] < math.inf:
        raise ValueError(f"expected [least, largest], two numbers above 0, got {value!r}.")
    return value


def _pair(value: Any) -> Any:
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(name, str) for name in value):
        raise ValueError(f"expected two protocols, [first, second], got {value!r}.")
    return value


def _names(value: Any) -> Any:
    if value != "all" and not (isinstance(value, list) and all(isinstance(name, str) for name in value)):
        raise ValueError(f"expected a list of names, or all, got {value!r}.")
    return value


Name = Annotated[str, Strict(), Field(pattern=r"^[a-z0-9_]+$")]
Text = Annotated[str, Strict()]
Flag = Annotated[bool, Strict()]
Whole = Annotated[int, Strict(), Field(ge=0)]
Count = Annotated[int, Strict(), Field(ge=1)]
Amount, Above, Share = _number(0), _number(0, above=True), _number(0, 1)
Texts = Annotated[list[Text], Field(min_length=1)]
Names = Annotated[list[str] | str, PlainValidator(_names)]
Pair = Annotated[list[str], PlainValidator(_pair)]
Container = Literal["webp", "npy"]
Rates = Annotated[float | list[float], PlainValidator(_learning_rate)]
Size = Annotated[int | str, PlainValidator(_size)]
TrainFrames = Annotated[int | None, PlainValidator(_train_frames)]
Weights = Annotated[Text, AfterValidator(_weights)]
Zoom = Annotated[list[float], PlainValidator(_zoom)]
