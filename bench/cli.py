"""The command line: `vidattn <command>`. Commands import what they need when they run."""

import argparse
import os
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path

EXAMPLES = """examples:
  vidattn data prepare actors              generate, index, decode, flow
  vidattn run actors-tiny-cbam-lstm-clean  one cell: train, score, record
  vidattn grid --jobs 2                    every missing run of the suite, side by side
  vidattn explain actors-tiny-cbam-frame_average-clean   attention maps and Grad-CAM of test clips
  vidattn models                           what can be combined; with an id, one model and its cost
  vidattn tables && vidattn report         tables and report from the records
  vidattn check                            compare with results/reference.csv
  vidattn mlflow ui                        compare runs in the browser
"""


def _whole(least: int) -> Callable[[str], int]:
    """The type of an option: a whole number from `least` on."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"expected a whole number from {least}, got '{text}'")
        return int(text)

    return read


def _above_zero(text: str) -> float:
    """The type of an option: a number above zero."""
    try:
        if float(text) > 0:
            return float(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"expected a number above 0, got '{text}'")


def _file(text: str) -> str:
    """The type of an option: a file to write, known before the work to be no folder."""
    if Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"expected a file, and {text} is a folder")
    return text


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(
        prog="vidattn",
        description="What attention is worth in video classification, measured.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="command")
    for add in (_data, _run, _grid, _models, _explain, _results, _bench, _mlflow):
        add(commands)
    return top


def _command(commands, name: str, text: str) -> argparse.ArgumentParser:
    made = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    if name in OF_A_SUITE:
        made.add_argument("--suite", help="suite of params.yaml (default: the active one)")
    return made


def _data(commands) -> None:
    data = _command(commands, "data", "fetch, import, index, decode; without an action: what is there")
    data.add_argument("action", nargs="?", default="status", choices=sorted(DATA_ACTIONS), help="what to do")
    data.add_argument("name", nargs="?", help="data set, or for look: <data set>/<clip>")
    data.add_argument(
        "source", nargs="?", help="for import: the folder or archive that you have; for weights: the file"
    )
    data.add_argument("--out", type=_file, default="look.png", help="for look: the picture to write")


def _run(commands) -> None:
    run = _command(commands, "run", "train, score and record one cell (all its folds and seeds)")
    run.add_argument("cell", help="cell id: <dataset>-<backbone>-<attention>-<architecture>-<protocol>")
    run.add_argument("--fold", type=_whole(1), help="one fold only, which need not be in the suite")
    run.add_argument("--seed", type=_whole(0), help="seed for --fold (default 0)")


def _grid(commands) -> None:
    grid = _command(commands, "grid", "list the suite's cells, select a suite, or run what is missing")
    grid.add_argument(
        "--select", metavar="SUITE", help="make this suite the active one: params.yaml and cells.yaml"
    )
    grid.add_argument(
        "--jobs", type=_whole(1), default=0, help="run every missing run on this many processes"
    )


def _models(commands) -> None:
    complexity = _command(commands, "complexity", "parameters and FLOPs of the published models")
    complexity.add_argument("--out", default="results/complexity", help="folder for the records")
    _command(commands, "saturation", "gates of the LSTM head on wide features, update by update")
    models = _command(commands, "models", "list the models, or describe one")
    models.add_argument("id", nargs="?", help="<backbone>-<attention>-<architecture>")


def _explain(commands) -> None:
    explain = _command(commands, "explain", "draw what a finished run looked at, or score its maps")
    explain.add_argument("cell", nargs="?", help="cell id; with --scores, default all of the suite")
    explain.add_argument("--fold", type=_whole(1), help="fold of the run (default: the cell's first)")
    explain.add_argument("--seed", type=_whole(0), help="seed for --fold (default 0)")
    explain.add_argument("--clip", nargs="+", metavar="CLIP", help="test clips to show")
    explain.add_argument(
        "--count", type=_whole(1), default=3, help="without --clip: so many, spread over the test clips"
    )
    explain.add_argument("--out", type=_file, default="explain.png", help="the picture to write")
    explain.add_argument(
        "--scores", action="store_true", help="score maps against masks, into results/explain"
    )


def _results(commands) -> None:
    tables = _command(commands, "tables", "make the tables from the records")
    tables.add_argument(
        "--show", action="store_true", help="print the suite's cells instead of writing tables"
    )
    _command(commands, "report", "make figures and the HTML report from the records")
    check = _command(commands, "check", "compare records with results/reference.csv")
    check.add_argument("--json", action="store_true", help="print the differences as JSON")
    check.add_argument("--accept", metavar="REASON", help="write the current numbers as the new reference")


def _bench(commands) -> None:
    bench = _command(
        commands, "bench", "measure speed, costs, backends, rates, or how far statistics can be trusted"
    )
    add = bench.add_argument
    add("what", nargs="?", default="speed", choices=BENCHES)
    add("--shared", help="for speed: folder with real clips, in ucf101_12/ or data/ucf101_12/ below it")
    add("--only", nargs="+", choices=BENCHMARKS, help="for speed: measure these parts, keep the other rows")
    others = "for backends: another interpreter with Keras and the backends that this one lacks"
    add("--python", action="append", default=[], help=others)
    memory = "for costs: GB that a training step may take (default 16)"
    add("--memory", type=_above_zero, default=16, help=memory)
    add("--jobs", type=_whole(1), default=1, help="for gate: train on this many processes")


def _mlflow(commands) -> None:
    mlflow = _command(
        commands, "mlflow", "log records to MLflow, sync what a dead server missed, open the UI"
    )
    mlflow.add_argument("action", choices=["log", "sync", "ui"])


OF_A_SUITE = ("data", "run", "grid", "explain", "tables", "report", "check")  # commands that heed --suite
BENCHMARKS = ("flow", "job", "two_processes", "storage", "decoding", "features", "waiting")

BENCHES = ("speed", "coverage", "gate", "backends", "costs", "rates")
DATA_ACTIONS = (
    "status",
    "fetch",
    "import",
    "index",
    "frames",
    "flow",
    "features",
    "prepare",
    "look",
    "weights",
)


def main(argv: list[str] | None = None) -> None:
    """Entry point of the `vidattn` command."""
    from vidattn.bench import commands

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    arguments = parser().parse_args(argv)
    try:
        status = getattr(commands, arguments.command)(arguments)
        sys.stdout.flush()
        sys.exit(status)
    except BrokenPipeError as error:
        _stop_if_nobody_reads()
        sys.exit(f"vidattn: {error}")
    except (ValueError, OSError, ArithmeticError, RuntimeError) as error:
        # One clear line for a user's mistake; VIDATTN_DEBUG=1 shows where it came from.
        if os.environ.get("VIDATTN_DEBUG"):
            raise
        sys.exit(f"vidattn: {error}")
    except KeyboardInterrupt:
        sys.exit("vidattn: interrupted. What was finished is kept; the same command goes on from there.")


def _stop_if_nobody_reads() -> None:
    """Ends as `cat` would where the reader of stdout, `head` say, has what it wanted."""
    poll = select.poll()
    poll.register(sys.stdout, 0)
    if any(event & select.POLLERR for _, event in poll.poll(0)):
        # Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
