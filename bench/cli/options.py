"""Types of options that are checked before any work, and options that many commands have."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from vidattn.data.files import names


class Whole(click.ParamType):
    """A whole number from `least` on, perhaps to `most`, or a word that stands for none."""

    name = "n"

    def __init__(self, least: int, word: str | None = None, most: float = math.inf):
        self.least, self.word, self.most = least, word, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        """The number; the word is None."""
        if value == self.word:
            return None
        if not str(value).isdecimal() or not self.least <= int(value) <= self.most:
            until = "" if self.most == math.inf else f" to {self.most}"
            self.fail(f"expected a whole number from {self.least}{until}, got '{value}'", param, ctx)
        return int(value)


class Above(click.ParamType):
    """A finite number above zero."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number."""
        try:
            if 0 < float(value) < math.inf:
                return float(value)
        except ValueError:
            pass
        self.fail(f"expected a number above 0, got '{value}'", param, ctx)


class NewFile(click.ParamType):
    """A file to write, known before the work to be no folder."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The path."""
        if Path(value).is_dir():
            self.fail(f"expected a file, and {value} is a folder", param, ctx)
        return value


class OneOf(click.Choice):
    """One of a few names; another is told with the nearest."""

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:
        """What could have been typed, in one line."""
        return f"Expected one of: {', '.join(map(str, self.choices))}"

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """The line for a name that is none of them."""
        return names.unknown("value", value, self.choices)


def option(name: str, text: str, **settings: Any) -> click.Option:
    """An option with its help."""
    return click.Option([name], help=text, **settings)


def argument(name: str, text: str, **settings: Any) -> click.Argument:
    """An argument with its help."""
    return click.Argument([name], help=text, **settings)


def cell(**settings: Any) -> click.Argument:
    """The argument of commands about one cell."""
    text = "cell id: <dataset>-<backbone>-<attention>-<architecture>-<protocol>"
    return argument("cell", text, **settings)


def run(fold: str) -> tuple[click.Option, click.Option]:
    """The options of commands about one run; `fold` is the help of the first."""
    return (
        option("--fold", fold, type=Whole(1)),
        option("--seed", "seed for --fold (default 0)", type=Whole(0)),
    )


def repeated(arguments: Sequence[str], names: Sequence[str]) -> list[str]:
    """`--only a b` as `--only a --only b`: click takes one value an option."""
    written: list[str] = []
    last = None
    for text in arguments:
        if text.startswith("-"):
            last = text if text in names else None
        elif last and written[-1] != last:
            written.append(last)
        written.append(text)
    return written
