"""The command line: `vidattn <command>`."""


def main() -> None:
    """Entry point of the `vidattn` command."""
