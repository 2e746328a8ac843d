"""Ctrl-C, also while the command line itself is imported, or while garbage is collected."""

import sys

from vidattn.bench.cli.stopped import LINE, exit_interrupted

__all__ = ["LINE", "exit_interrupted", "main"]


def main(argv: list[str] | None = None) -> None:
    """Entry point of the `vidattn` command, with its words: everything that takes time is imported inside."""
    sys.unraisablehook = _again
    try:
        from vidattn.bench.cli import parser

        parser.main(argv)
    except KeyboardInterrupt:
        exit_interrupted()


def _again(unraisable: "sys.UnraisableHookArgs") -> None:
    """Send a Ctrl-C that came within a callback once more: Python prints it there and forgets it.

    A moment later, since here it would be forgotten again.
    """
    if not isinstance(unraisable.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)
        return
    import signal
    import threading

    main_thread = threading.main_thread().ident
    timer = threading.Timer(0.01, signal.pthread_kill, (main_thread, signal.SIGINT))
    timer.daemon = True
    timer.start()
