"""Trainings that ended in a spike of the loss, read from records.

RMSprop divides by the size of the last gradients. Late in training these are tiny, so that one batch that is
not throws the weights far. Where the last epoch is reported, what is left of such a model is reported.
"""

import math

from vidattn.bench.analysis import numbers_in_words

SPIKE = 20  # times the loss of the epoch before: far above what a last epoch without a spike reaches
RESOLUTION = 1e-6  # of the losses in records, some of which are rounded to zero


def last_ratio(record: dict) -> float:
    """Loss of the last epoch over that of the one before; missing where a better epoch may be reported."""
    loss = record.get("history", {}).get("loss", [])
    if record.get("protocol", {}).get("select") != "last" or len(loss) < 2:
        return math.nan
    return loss[-1] / max(loss[-2], RESOLUTION)


def spiked(record: dict) -> bool:
    """Whether what is reported is a model in a spike: its accuracy is a lottery."""
    return last_ratio(record) > SPIKE


def sentences(cells: dict[str, list[dict]]) -> list[str]:
    """How many runs of these cells ended in a spike, and whose: one sentence, or none where no run did."""
    counts = {cell: (sum(map(spiked, found)), len(found)) for cell, found in cells.items()}
    share, whose = numbers_in_words.counted(counts)
    if not whose:
        return []
    text = f"{share} runs ended in a spike: the loss of the last epoch, which is reported, is more than"
    return [f"{text} {SPIKE} times that of the epoch before, and the accuracy a lottery: {whose}."]
