"""One difference, one corrected p: where it stands in several parts, all repeat that of one family.

The p is that of the first family that the difference is in: main effects; comparisons that params.yaml named
before any record of their cells was made; comparisons of a cell with its control on a data set and protocol;
comparisons that were named post hoc. A difference in none of them is corrected in the part that shows it.
What is repeated counts in the family of the part that repeats it, too.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

DIGITS = 9  # of weights that are told apart
Register = Mapping[Hashable, "Judged"]


@dataclass(frozen=True)
class Judged:
    """The corrected p of a difference, what is detectable after that correction, and the family."""

    part: str
    p_holm: float
    detectable: float
    size: int


def key(weights: Mapping[str, float], classes: Iterable[str] | None = None) -> Hashable:
    """The same for a difference and for its negative, whose p is the same; another on other classes."""
    rounded = {cell: round(weight, DIGITS) for cell, weight in weights.items()}
    signed = [
        tuple(sorted((cell, sign * weight) for cell, weight in rounded.items() if weight)) for sign in (1, -1)
    ]
    return max(signed), tuple(sorted(classes or ()))


def collect(parts: list[str], frame: pd.DataFrame, keys: list[Hashable]) -> dict[Hashable, Judged]:
    """The register of the rows of a frame, each of a part; a difference that stands twice has its first p."""
    found: dict[Hashable, Judged] = {}
    columns = (frame[name] for name in ("p_holm", "detectable", "family_size"))
    for part, name, p, least, size in zip(parts, keys, *columns):
        if pd.notna(p):
            found.setdefault(name, Judged(part, float(p), float(least), int(size)))
    return found


def take(frame: pd.DataFrame, before: Sequence[Judged | None]) -> pd.DataFrame:
    """The frame with the p of what was judged before, and `judged_in`: by which part, None by this one."""
    taken = {"p_holm": "p_holm", "detectable": "detectable", "family_size": "size"}
    changed = {
        column: [getattr(one, name) if one else value for one, value in zip(before, frame[column])]
        for column, name in taken.items()
        if column in frame
    }
    parts = pd.Series([one.part if one else None for one in before], index=frame.index, dtype=object)
    return frame.assign(**changed, judged_in=parts)
