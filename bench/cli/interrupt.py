"""Ctrl-C, also while the command line itself is imported."""

from vidattn.bench.cli.stopped import LINE, told

__all__ = ["LINE", "main", "told"]


def main() -> None:
    """Entry point of the `vidattn` command: everything that takes time is imported inside."""
    try:
        from vidattn.bench.cli import parser

        parser.main()
    except KeyboardInterrupt:
        told()
