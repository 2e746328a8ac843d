"""How long training still takes at most, from the lines that it tells after each epoch."""

import re
import time
from collections.abc import Callable

EPOCH = re.compile(r"epoch (\d+)/(\d+)")
COMPILES = 60.0  # seconds; a first epoch that is shorter says little of those that follow


class TimeLeft:
    """Tells the lines of runs that are made one after another, each with the time that is left for all.

    It is a bound: patience may end a run before its last epoch, and the store may have the next one.
    """

    def __init__(
        self, runs: int, rates: int, tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ):
        """Of so many runs, each with so many learning rates that are trained one after another."""
        self._left, self._tell, self._clock = runs * rates, tell, clock
        self._seconds: list[float] = []  # of epochs
        self._told, self._epoch = 0.0, 0

    def run(self, name: str) -> Callable[[str], None]:
        """What tells the lines of the next run."""
        self._told, self._epoch = self._clock(), 0
        return lambda line: self._line(name, line)

    def _line(self, name: str, line: str) -> None:
        epoch = EPOCH.search(line)
        if not epoch:
            self._tell(f"{name}: {line}")
            return
        number, most = int(epoch[1]), int(epoch[2])
        if (
            number <= self._epoch or not self._epoch
        ):  # the first that is told: a run may go on from a checkpoint
            self._left -= 1
        self._epoch = number
        self._seconds.append(self._clock() - self._told)
        self._told = self._clock()
        self._tell(f"{name}: {line}{self._bound(most - number + most * self._left)}")

    def _bound(self, epochs: int) -> str:
        """What a line ends with when so many epochs are left; nothing where nothing is known, or left."""
        ours = sorted(self._seconds[1:] or self._seconds)  # the first also compiles
        if not epochs or (len(self._seconds) == 1 and ours[0] < COMPILES):
            return ""
        return f"; at most {spoken(ours[len(ours) // 2] * epochs)} left"


def spoken(seconds: float) -> str:
    """`40 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
