"""The command line: `vidattn <command>`. Commands import what they need when they run."""

import os
import sys
from argparse import Namespace
from typing import Any

import click

from vidattn.bench.cli import endings, stopped
from vidattn.bench.cli.options import Above, NewFile, OneOf, Whole, argument, cell, option, repeated, run
from vidattn.bench.runner import engines

EXAMPLES = """\b
examples:
  vidattn init study                       a project outside of the repository, with the demo to begin with
  vidattn data prepare actors              generate, index, decode, flow
  vidattn run actors-tiny-cbam-lstm-clean  one cell: train, score, record
  vidattn compare actors-tiny-cbam-lstm-clean actors-tiny-none-lstm-clean   on the same clips
  vidattn predict actors-tiny-cbam-lstm-clean video.mp4   the likeliest classes; `export` takes the model away
  vidattn data add mine clips/             your own clips, in <class>/<clip>, as a data set
  vidattn grid --jobs 2                    every missing run of the suite, side by side
  vidattn explain actors-tiny-cbam-frame_average-clean   attention maps and Grad-CAM of test clips
  vidattn models                           what can be combined; with an id, one model and its cost
  vidattn tables && vidattn report         tables and report from the records
  vidattn check                            compare with results/reference.csv
  vidattn mlflow ui                        compare runs in the browser
"""
BENCHMARKS = (
    "flow",
    "job",
    "two_processes",
    "storage",
    "decoding",
    "features",
    "waiting",
    "training",
    "commands",
)
BENCHES = {
    "speed": "data layer, training and commands against other ways",
    "coverage": "do intervals hold what they promise? By simulation",
    "seeds": "every cell with three seeds or more against itself",
    "gate": "what the gate catches and misses, from real training runs",
    "backends": "the models on TensorFlow, JAX and PyTorch, outputs compared",
    "costs": "latency, and time and memory to build and to train, by model",
    "rates": "seconds of a training step of the full ICIP heads",
    "arrow": "is the direction of a clip read from the codec's traces?",
    "engines": "what an engine costs a run, and the coordinator's memory",
    "times": "how the seconds of stored runs of a cell differ",
    "schedule": "the full grid on 1, 8 and 64 workers, simulated",
}
DATA_ACTIONS = (
    "add",
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
DEVICE = option(
    "--device",
    "which device's finished runs count (default: cluster.yaml's, else same)",
    type=OneOf(["same", "any"]),
)
SEVERAL = ("--clip", "--only", "--set")  # options that take several values at once


@click.group(
    help="What attention is worth in video classification, measured.",
    epilog=EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="vidattn", message="%(prog)s %(version)s")
def vidattn() -> None:
    """All commands; each calls the function of its name in `commands` with a Namespace."""


def _command(
    name: str, text: str, *parameters: click.Parameter, suite: bool = True, epilog: str | None = None
) -> None:
    """Add a command; of those that heed it, `suite` adds the option, and `epilog` stands below its help."""

    def call(**values: Any) -> int:
        from vidattn.bench.cli import commands

        lists = {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
        return getattr(commands, name)(Namespace(**lists))

    of = [option("--suite", "suite of params.yaml (default: the active one)")] if suite else []
    sentence = f"{text[0].upper()}{text[1:]}."
    vidattn.add_command(
        click.Command(
            name, callback=call, params=[*parameters, *of], help=sentence, short_help=text, epilog=epilog
        )
    )


_command(
    "data",
    "fetch, import, index, decode; without an action: what is there",
    argument(
        "action", ", ".join(DATA_ACTIONS), default="status", type=OneOf(DATA_ACTIONS), metavar="[ACTION]"
    ),
    argument(
        "name",
        "data set (for add: a new one), for look: <data set>/<clip>, for weights: a backbone",
        required=False,
    ),
    argument(
        "source",
        "for add: the folder of clips; for import: the folder or archive that you have; for weights: a file",
        required=False,
    ),
    option("--list", "for add: path and label, and group and fold, of clips", metavar="CSV"),
    option("--groups", "for add: path and group of clips", metavar="CSV"),
    option("--pattern", "for add: regular expression, (group) in brackets, for paths of clips"),
    option("--folds", "for add: how many, or groups: each its own", type=Whole(2, "groups"), default=5),
    option("--out", "for look: the picture to write", type=NewFile(), default="look.png"),
    option("--truth", "for import: the source is boxes (csv) or masks of where the actor is", is_flag=True),
    option("--picture", "for --truth: size that boxes count in (default: the clips')", metavar="WxH"),
    option(
        "--every", "for --truth: frames they number for one of a clip (default 1)", type=Whole(1), default=1
    ),
)
_command(
    "init",
    "begin a project in a folder: settings, stages, published numbers",
    argument("folder", "a new folder, or one without a project"),
    suite=False,
)
_command(
    "run",
    "train, score and record one cell (all its folds and seeds)",
    cell(),
    *run("one fold only, which need not be in the suite"),
    DEVICE,
)
_command("show", "show a cell: numbers, confusions, curves, records", cell())
_command(
    "compare",
    "compare two cells on the clips that both tested",
    cell(),
    argument("control", "the cell to compare with"),
)
_command(
    "predict",
    "tell the class of your videos with a trained model",
    cell(),
    argument("path", "a video or picture, or a folder of them"),
    option("--top", "classes a video (default 5)", type=Whole(1), default=5),
    option("--format", "csv (default) or json", type=OneOf(["csv", "json"]), default="csv"),
    option("--out", "the file to write (default: print)", type=NewFile()),
    option("--overlay", "draw what the model looked at, a picture a video", metavar="FOLDER"),
    *run("fold of the run (default: the cell's first)"),
)
_command(
    "export",
    "write a trained model with its card into a folder",
    cell(),
    argument("folder", "where model.keras, model.json and card.md go"),
    *run("fold of the run (default: the cell's first)"),
)
_command(
    "submission",
    "write the submission of an attention: a fixed suite with and without it; or check one",
    argument("name", "the attention, a name of params.yaml"),
    option("--seeds", "runs of each fold (default 3)", type=Whole(1), default=3),
    option("--jobs", "train on this many processes", type=Whole(1), default=1),
    option("--verify", "check submissions/<name>; trains nothing but --rerun", is_flag=True),
    option("--rerun", "with --verify: so many of its runs again, from scratch", type=Whole(0), default=0),
    option("--suite", "suite of params.yaml (default: ci)"),
    suite=False,
)
_command(
    "grid",
    "list the suite's cells, select a suite, or run what is missing",
    option("--select", "make this suite the active one: params.yaml and cells.json", metavar="SUITE"),
    option("--set", "set a value of params.yaml, and cells.json with it", multiple=True, metavar="KEY=VALUE"),
    option("--jobs", "run every missing run, so many at a time", type=Whole(1)),
    option(
        "--on",
        "run every missing run with this engine (default: cluster.yaml's, else local)",
        type=OneOf(engines.names()),
    ),
    option("--retry", "with --jobs or --on: tries after the first that fails", type=Whole(0), default=0),
    option("--fail-fast", "with --jobs or --on: begin no run after one that failed", is_flag=True),
    DEVICE,
    option("--status", "how far the grid is that was begun last, from another terminal", is_flag=True),
    option("--check", "check cells.json against params.yaml, for `dvc repro`", is_flag=True),
)
_command(
    "store",
    "send finished runs, frames and features to a store elsewhere, or fetch them",
    argument("action", "push or pull", type=OneOf(["push", "pull"]), metavar="ACTION"),
    argument("url", "a folder, or an address of fsspec: ssh://host/folder, s3://bucket/folder"),
    option("--videos", "for push: the videos of all data sets too, not of drawn ones alone", is_flag=True),
    suite=False,
)
_command(
    "complexity",
    "parameters and FLOPs of the published models",
    option("--out", "folder for the records", default="results/complexity"),
    suite=False,
)
_command("saturation", "gates of the LSTM head on wide features, update by update", suite=False)
_command(
    "models",
    "list the models, or describe one",
    argument("id", "<backbone>-<attention>-<architecture>", required=False),
    suite=False,
)
_command(
    "explain",
    "draw what a finished run looked at, or score its maps",
    cell(required=False),
    argument(
        "path", "a video or picture of yours, or a test clip (default: some test clips)", required=False
    ),
    *run("fold of the run (default: the cell's first)"),
    option("--clip", "test clips to show", multiple=True),
    option("--count", "without --clip: so many, spread over the test clips", type=Whole(1), default=3),
    option("--out", "what to write: .png, or .gif or .mp4 (default: explain_<run>.png)", type=NewFile()),
    option("--gallery", "maps of the suite's models side by side, into results/galleries", is_flag=True),
    option("--scores", "score maps against masks, into results/explain", is_flag=True),
    option("--jobs", "with --scores: cells side by side (default: as many as cores)", type=Whole(1)),
)
_command("records", "write the suite's records from the scores of its runs; trains nothing")
_command(
    "tables",
    "make the tables from the records",
    option("--show", "print the suite's cells instead of writing tables", is_flag=True),
)
_command("report", "make figures and the HTML report from the records")
_command(
    "check",
    "compare records with results/reference.csv",
    option("--json", "print the differences as JSON", is_flag=True),
    option("--accept", "write the current numbers as the new reference", metavar="REASON"),
)
_command(
    "bench",
    "measure speed, costs, backends, rates, engines, or how far statistics can be trusted",
    argument("what", "one of those below", type=OneOf(BENCHES), metavar="WHAT"),
    option("--shared", "for speed, arrow: folder with real clips, in ucf101_12/ or data/ucf101_12/ below it"),
    option(
        "--only", "for speed: measure these parts, keep the other rows", multiple=True, type=OneOf(BENCHMARKS)
    ),
    option(
        "--python",
        "for backends: another interpreter with Keras and the backends that this one lacks",
        multiple=True,
    ),
    option("--memory", "for costs: GB that a training step may take (default 16)", type=Above(), default=16),
    option("--jobs", "for gate: train on this many processes", type=Whole(1), default=1),
    option("--on", "for engines: measure this one (default local)", type=OneOf(engines.names())),
    option("--runs", "for engines: so many (default 1000)", type=Whole(100), default=1000),
    suite=False,
    epilog="\n".join(["\b", "what:", *(f"  {name:10}{text}" for name, text in BENCHES.items())]),
)
_command(
    "mlflow",
    "log records to MLflow, sync what a dead server missed, open the UI",
    argument("action", "log, sync or ui", type=OneOf(["log", "sync", "ui"]), metavar="ACTION"),
    option("--all", "for log: cells of every suite, not the active one", is_flag=True),
    option("--host", "for ui: where to serve (default this machine)", default="127.0.0.1"),
    option("--port", "for ui: default 5000", type=Whole(1, most=65535), default=5000),
    suite=False,
)


def main(argv: list[str] | None = None) -> None:
    """Entry point of the `vidattn` command."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # clips that cannot be read are told by us, once
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    arguments = repeated(sys.argv[1:] if argv is None else argv, SEVERAL)
    try:
        with vidattn.make_context("vidattn", arguments) as context:
            status = vidattn.invoke(context)
        sys.stdout.flush()
        sys.exit(status)
    except click.exceptions.Exit as end:  # of --help and --version
        sys.exit(end.exit_code)
    except click.UsageError as error:
        print(endings.refused(error), file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError as error:
        endings.stop_if_nobody_reads()
        sys.exit(f"vidattn: {error}")
    except (KeyboardInterrupt, click.Abort):
        stopped.told()
    except Exception as error:
        line = endings.line(error)
        if line is None:
            raise
        sys.exit(f"vidattn: {line}")
