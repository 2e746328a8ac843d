"""How a command ends that could not do its work: one line, and no traceback where the user can mend it."""

import errno
import os
import select
import signal
import sys
from pathlib import Path

import click

DEBUG = "VIDATTN_DEBUG"  # set: a traceback in place of the line


def refused(error: click.UsageError) -> str:
    """One line on what was typed wrong; the help where nothing was typed."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError) or not error.ctx:
        return error.format_message()
    command = error.ctx.command_path
    text = error.format_message()
    return f"{command}: {text}{'' if text[-1] in '.?' else '.'} See {command} --help."


def line(error: Exception) -> str | None:
    """What the user can do about an error; None where only a traceback says more, and with VIDATTN_DEBUG.

    A message that was not worded here may be of a fault of ours: it says how to see where it comes from.
    """
    from vidattn.bench.cli import missing_extras, plugin_faults
    from vidattn.bench.system import damaged_headers

    if os.environ.get(DEBUG):
        return None
    sources = (missing_extras, damaged_headers, plugin_faults)
    told = next(filter(None, (source.error_line(error) for source in sources)), None)
    told = told or (_of_a_path(error) if isinstance(error, OSError) else None)
    if told or not isinstance(error, (ValueError, OSError, ArithmeticError, RuntimeError)):
        return told
    said = str(error) or type(error).__name__
    return said if plugin_faults.refused(error) else f"{said.rstrip('.')}. {DEBUG}=1 shows where."


def _of_a_path(error: OSError) -> str | None:
    """What is wrong with a path, by its own name, not that of the part that is written first."""
    if error.filename is None:
        return None
    path = Path(os.fsdecode(error.filename))
    if path.name.startswith(".") and ".part" in path.name:
        path = Path(os.fsdecode(error.filename2)) if error.filename2 else path.parent
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"No access to {path} ({error.strerror}). Change its rights, or work where you may write."
    if error.errno == errno.EISDIR:
        return f"{path} is a folder. Expected a file: move the folder away."
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        blocked = next((p for p in (path, *path.parents) if p.exists() and not p.is_dir()), path)
        return f"{blocked} is a file. Expected a folder: move the file away, or name another."
    return None


def stop_if_nobody_reads() -> None:
    """Ends as `cat` would where the reader of stdout, `head` say, has what it wanted."""
    poll = select.poll()
    poll.register(sys.stdout, 0)
    if any(event & select.POLLERR for _, event in poll.poll(0)):
        # Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
