"""What `vidattn bench <what>` does: one function each, of the arguments, the parameters and a teller."""

import functools
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from vidattn.bench.config.cell import RESULTS
from vidattn.bench.config.schema import Params
from vidattn.bench.plan import suites

FOLDER = RESULTS / "benchmarks"
Tell = Callable[[str], None]


def speed(arguments: Namespace, params: Params, tell: Tell) -> None:
    """Speed and storage against other ways; the data layer on the real clips of `--shared`."""
    from vidattn.bench.studies.data_speed import fed_models, timing
    from vidattn.bench.studies.data_speed import run as benchmarks

    only = arguments.only or list(benchmarks.PARTS)
    only = sorted(only, key=lambda part: part != "commands")  # first, while no suite's files have changed
    real = timing.real(arguments.shared)
    weights = sorted((real.parent / "mobilenet_v2").glob("mobilenet_v2*.npz")) if real else []
    encode, one = fed_models.encoders(weights[0] if weights else None) if "features" in only else (None, None)
    step = fed_models.step(params) if "waiting" in only else None
    train = functools.partial(_training, params) if "training" in only else None
    look = functools.partial(_commands, params.suite)
    table = benchmarks.run(arguments.shared, FOLDER, encode, one, step, train, look, only=only)
    print(table.to_string(index=False))


def _training(params: Params) -> list[dict]:
    from vidattn.bench.studies.data_speed import training

    return training.rows(params)


def _commands(suite: str) -> list[dict]:
    from vidattn.bench.studies.data_speed import commands

    return commands.rows(suite)


def coverage(arguments: Namespace, params: Params, tell: Tell) -> int:
    """Coverage of the intervals and size of the tests, by simulation; 1 where a design leaves the band."""
    from vidattn.bench.results.reader import Results
    from vidattn.bench.studies import interval_coverage

    results = Results(RESULTS, suites.reported(params))
    return 0 if interval_coverage.write(results, params, FOLDER / "coverage.csv", tell) else 1


def seeds(arguments: Namespace, params: Params, tell: Tell) -> int:
    """Every cell with three seeds or more against itself; 1 where too many pairs of seeds differ."""
    from vidattn.bench.results.reader import Results
    from vidattn.bench.studies import interval_coverage

    frame = interval_coverage.against_itself(Results(RESULTS, suites.reported(params)))
    print(frame.to_string(index=False))
    pairs, below = int(frame["pairs"].sum()), int(frame["below"].sum())
    limit = interval_coverage.AGAINST_ITSELF
    print(f"{below} of {pairs} pairs of seeds of one cell differ with p < 0.05; at most {limit:.0%} may.")
    return 0 if below <= limit * pairs else 1


def gate(arguments: Namespace, params: Params, tell: Tell) -> None:
    """Error rates of the gate's test over seeds, simulated from real training runs."""
    from vidattn.bench.studies import gate_error_rates

    print(gate_error_rates.write(params, FOLDER / "gate.csv", arguments.jobs, tell).to_string(index=False))


def backends(arguments: Namespace, params: Params, tell: Tell) -> None:
    """The models on every backend that this interpreter, and those of `--python`, have."""
    from vidattn.bench.studies import interpreters

    interpreters.check(arguments.python)
    from vidattn.bench.studies import backends  # imports Keras, which takes a while

    backends.run(FOLDER / "backends.csv", arguments.python, tell=tell)


def costs(arguments: Namespace, params: Params, tell: Tell) -> None:
    """Latency, and time and memory to build and to train, of every counted model."""
    from vidattn.bench.cost import count_models, measure_models

    measure_models.run(
        count_models.specs(params), RESULTS / "complexity", FOLDER / "costs.csv", arguments.memory, tell
    )


def rates(arguments: Namespace, params: Params, tell: Tell) -> None:
    """Seconds of a training step of the full ICIP heads."""
    from vidattn.bench.studies import icip_training_rates

    icip_training_rates.write(params, RESULTS / "rates" / "icip.csv", tell)


def arrow(arguments: Namespace, params: Params, tell: Tell) -> None:
    """Whether the direction of a clip is read from the codec's traces; original files of `--shared`."""
    from vidattn.bench.studies import arrow_codec
    from vidattn.bench.studies.data_speed import timing

    real = timing.real(arguments.shared)
    originals = real / "original_samples" if real else None
    print(arrow_codec.write(params, FOLDER / "arrow.csv", originals, tell).to_string(index=False))


def engines(arguments: Namespace, params: Params, tell: Tell) -> None:
    """What an engine costs beside the runs."""
    from vidattn.bench.studies import engine_overhead

    on = arguments.on or "local"
    table = engine_overhead.write(params, on, arguments.runs, FOLDER / "engines.csv", tell)
    print(table.to_string(index=False))


def times(arguments: Namespace, params: Params, tell: Tell) -> None:
    """How the seconds of stored runs of a cell differ."""
    from vidattn.bench.studies import schedule

    print(schedule.times(Path(params.store), FOLDER / "run_times.csv").to_string(index=False))


def schedule(arguments: Namespace, params: Params, tell: Tell) -> None:
    """What a large grid costs on several numbers of workers, simulated from measured times."""
    from vidattn.bench.studies import schedule

    made = schedule.write(params, RESULTS, RESULTS / "schedule" / "schedule.csv", tell)
    print(made.to_string(index=False))
