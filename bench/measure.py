"""What `vidattn bench <what>` does: one function each, of the arguments, the parameters and a teller."""

from argparse import Namespace
from collections.abc import Callable

from vidattn.bench.cell import RESULTS
from vidattn.bench.params import Params

FOLDER = RESULTS / "benchmarks"
Tell = Callable[[str], None]


def speed(arguments: Namespace, params: Params, tell: Tell) -> None:
    """Speed and storage of the data layer against other ways, on the real clips of `--shared`."""
    from vidattn.bench import benchmarks, consumers, duel

    only = arguments.only or list(benchmarks.PARTS)
    real = duel.real(arguments.shared)
    weights = sorted((real.parent / "mobilenet_v2").glob("mobilenet_v2*.npz")) if real else []
    encode, one = consumers.encoders(weights[0] if weights else None) if "features" in only else (None, None)
    step = consumers.step(params) if "waiting" in only else None
    print(benchmarks.run(arguments.shared, FOLDER, encode, one, step, only=only).to_string(index=False))


def coverage(arguments: Namespace, params: Params, tell: Tell) -> None:
    """Coverage of the intervals and size of the tests, by simulation."""
    from vidattn.bench import coverage

    coverage.write(RESULTS / "tables")


def gate(arguments: Namespace, params: Params, tell: Tell) -> None:
    """Error rates of the gate on real re-trainings."""
    from vidattn.bench import reruns

    reruns.write(params, RESULTS / "tables", arguments.jobs, tell)


def backends(arguments: Namespace, params: Params, tell: Tell) -> None:
    """The models on every backend that this interpreter, and those of `--python`, have."""
    from vidattn.bench import interpreters

    interpreters.check(arguments.python)
    from vidattn.bench import backends  # imports Keras, which takes a while

    backends.run(FOLDER / "backends.csv", arguments.python, tell=tell)


def costs(arguments: Namespace, params: Params, tell: Tell) -> None:
    """Latency, and time and memory to build and to train, of every counted model."""
    from vidattn.bench import costs, counts

    costs.run(counts.specs(params), RESULTS / "complexity", FOLDER / "costs.csv", arguments.memory, tell)


def rates(arguments: Namespace, params: Params, tell: Tell) -> None:
    """Seconds of a training step of the full ICIP heads."""
    from vidattn.bench import rates

    rates.write(params, RESULTS / "rates" / "icip.csv", tell)
