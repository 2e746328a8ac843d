"""Trainings that learned nothing, read from records: their loss never fell below that of guessing.

A difference to such a model says nothing of what the other has more: not whether attention helps, since the
network without it was no network yet; nor whether order does, where the control cannot see it.
"""

import math

from vidattn.bench.analysis import numbers_in_words

VERDICT = "control learned nothing"  # of a difference that is not significant: it excludes nothing
GUESSING = 0.99  # of the cross-entropy of equal scores, which rounding and chance stay above


def learned(record: dict) -> bool:
    """Whether training loss ever fell below that of equal scores; True of what trains nothing."""
    losses = record.get("history", {}).get("loss", [])
    least = GUESSING * math.log(max(len(record.get("classes", [])), 2))
    return not losses or any(loss < least for loss in losses)


def usable(records: list[dict]) -> bool:
    """Whether a cell can be compared with: at least half of its runs learned."""
    return 2 * sum(map(learned, records)) >= len(records)


def sentences(cells: dict[str, list[dict]]) -> list[str]:
    """How many runs of these cells learned nothing, and whose: one sentence, or none where no run did.

    Of runs that trained something: those of fused cells are none.
    """
    trained = {cell: [r for r in found if r.get("history", {}).get("loss")] for cell, found in cells.items()}
    counts = {cell: (len(found) - sum(map(learned, found)), len(found)) for cell, found in trained.items()}
    share, whose = numbers_in_words.counted(counts)
    if not whose:
        return []
    return [f"{share} runs learned nothing, their training loss never fell below that of guessing: {whose}."]
