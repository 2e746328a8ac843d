"""The end of a command that was interrupted: one line and the status that a shell expects."""

import signal
import sys
from typing import NoReturn

LINE = "vidattn: interrupted. What was finished is kept; the same command goes on from there."


def exit_interrupted() -> NoReturn:
    """End with status 130; a second Ctrl-C comes too late to break the line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print(LINE, file=sys.stderr)
    sys.exit(128 + signal.SIGINT)
