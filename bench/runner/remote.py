"""Runs that other machines make: what goes there, what is looked at before, what comes back.

A worker elsewhere has the same code, versions and data, or says in one line what it lacks. What it made comes
back as bytes, which one process, the one that asked, checks and publishes.
"""

import json
import os
import platform
import shutil
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from vidattn.bench.plan import run_key
from vidattn.bench.plan.cell_kinds import ROOT
from vidattn.bench.plan.run_plan import RunPlan
from vidattn.bench.runner import execute, store, whole
from vidattn.bench.runner.engines import Engine
from vidattn.bench.runner.outcome import Made, Outcome
from vidattn.bench.system import digests, environment
from vidattn.data.files import atomic


class Unfit(RuntimeError):
    """A worker cannot make a run that is to stand under the key of the one who asks."""


@dataclass(frozen=True)
class Place:
    """Settings of every engine whose workers are on other machines.

    Attributes:
        project: The project's folder there; "" where it has the same path as here.
        shared_store: Whether the store there is the one here, by a shared disk.
        device: The processor and GPU of the workers, as records name them, where it is known: then no worker
            is asked before the others begin.
    """

    project: str = ""
    shared_store: bool = False
    device: str = ""


@dataclass(frozen=True)
class Terms:
    """What goes along with a plan: folders of code and project here, versions here, the device ("": any)."""

    root: Path
    project: Path
    place: Place
    versions: dict[str, str]
    device: str = ""


def terms(place: Place, device: str = "") -> Terms:
    """The terms of this process."""
    return Terms(ROOT, Path.cwd(), place, environment.versions(), device)


def attempt(plan: RunPlan, terms: Terms) -> Outcome:
    """In a worker: make a run, or find it in the worker's store."""
    return _answered(plan, terms, make=True)


def greet(plan: RunPlan, terms: Terms) -> Outcome:
    """In a worker: whether it could make a run, and its device; makes none."""
    return _answered(plan, terms, make=False)


def _answered(plan: RunPlan, terms: Terms, make: bool) -> Outcome:
    from vidattn.bench.system import peak_memory

    try:
        plan = _here(plan, terms)
        place = execute.execute(plan, same_device=bool(terms.device)) if make else store.folder(plan)
        files = {} if terms.place.shared_store or not make else _bytes(place)
        return Outcome(peak_memory.memory_mb(), made=Made(place.name, environment.device(), files))
    except Unfit as error:
        return Outcome(peak_memory.memory_mb(), str(error))
    except Exception:
        return Outcome(peak_memory.memory_mb(), traceback.format_exc())


def _bytes(place: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(place.iterdir())}


def _here(plan: RunPlan, terms: Terms) -> RunPlan:
    """The plan with this machine's files of code; raises `Unfit` where the run would be another here."""
    node = platform.node()
    project = Path(terms.place.project or terms.project)
    if not project.is_dir():
        raise Unfit(f"{node} has no folder {project}: say where it is, `project` in cluster.yaml.")
    os.chdir(project)
    other = {name for name in terms.versions if environment.versions().get(name) != terms.versions[name]}
    if other:
        listed = ", ".join(
            f"{name} {environment.versions().get(name, 'missing')} and not {terms.versions[name]}"
            for name in sorted(other)
        )
        raise Unfit(f"{node} has {listed}. Install the versions of the machine that asks.")
    plan = _rebased(plan, terms.root)
    for part in (plan, *plan.parts):
        absent = [file for file in part.code_files if not file.is_file()]
        if absent or run_key.code_of(part.code_files) != part.digests["code"]:
            raise Unfit(
                f"{node} has other code of vidattn in {ROOT}. Install the commit of the machine that asks."
            )
        lacking = [file for file in part.data_files if not file.is_file()]
        if lacking:
            raise Unfit(
                f"{node} lacks {lacking[0]} in {Path.cwd()}. Bring the data there: vidattn store pull <url>, "
                "or a shared disk."
            )
        if digests.digest_files(part.data_files) != part.digests["data"]:
            raise Unfit(f"{node} has other data than asked for in {part.data_files[0].parent}.")
    if terms.device and environment.device() != terms.device:
        raise Unfit(
            f"{node} is {environment.device()}, the others are {terms.device}. Ask for one kind of machine "
            "in cluster.yaml, or take --device any."
        )
    return plan


def _rebased(plan: RunPlan, root: Path) -> RunPlan:
    """The plan with the files of code below this machine's root."""
    files = [ROOT / file.relative_to(root) for file in plan.code_files]
    return replace(plan, code_files=files, parts=tuple(_rebased(part, root) for part in plan.parts))


def demanded(plans: Sequence[RunPlan], engine: Engine) -> str:
    """The device whose runs count where all must be of one: as stated, as all runs are, or as a worker says.

    Raises:
        Unfit: No worker can make these runs; why, in one line.
    """
    if engine.settings.device:
        return engine.settings.device
    trained = [plan for plan in plans if not plan.parts]
    devices = [_devices(plan) for plan in trained]
    if common := set.intersection(*devices):
        return min(common)
    return ask(trained[0], engine)


def with_parts(plans: Iterable[RunPlan]) -> list[RunPlan]:
    """Each run once, and the streams of those that are fused."""
    return list({each.id: each for plan in plans for each in (*plan.parts, plan)}.values())


def _devices(plan: RunPlan) -> set[str]:
    """The devices that made a run, as its records name them."""
    whole_ones = [place for place in store.made_by_any(plan) if not whole.fault(place)]
    return {json.loads((place / "run.json").read_text(encoding="utf-8"))["device"] for place in whole_ones}


def ask(plan: RunPlan, engine: Engine) -> str:
    """The device of a worker that could make this run; raises `Unfit` with what the worker lacks."""
    answers: list[Outcome] = []
    greeting = partial(greet, terms=terms(engine.settings))

    def done(_: RunPlan, outcome: Outcome) -> bool:
        answers.append(outcome)
        return True

    engine.work(greeting, [plan], 1, done, engine.settings, lambda plan: plan.id)
    made = answers[0].made if answers else None
    if made is None:
        why = answers[0].failure.strip().splitlines()[-1] if answers else "it gave no answer"
        raise Unfit(f"No run was begun on {engine.name}: {why}")
    return made.device


def receive(plan: RunPlan, made: Made) -> Path:
    """Publish what a worker made in the store here, once it is checked; returns its folder.

    Raises:
        Unfit: It is of another key, did not arrive whole, or is not in a store that is said to be shared.
    """
    own = store.folder(plan)
    if made.name != f"{own.name.rpartition('-')[0]}-{store.mark(made.device)}":
        raise Unfit(f"{plan.id} came back as {made.name}, asked for was {own.name}.")
    place = own.with_name(made.name)
    if place.is_dir() and not whole.fault(place, large=True):
        return place
    if not made.files:
        raise Unfit(f"{place} is not here. With `shared_store: false` in cluster.yaml it is sent back.")
    unchecked = place.with_name(f"{made.name}.partial")
    with atomic.alone(unchecked):
        for left in unchecked.iterdir():
            left.unlink()
        for name in sorted(made.files, key=lambda name: name == whole.MANIFEST):
            if Path(name).name != name:
                raise Unfit(f"{plan.id} came back with a file {name!r}; refused.")
            atomic.write(unchecked / name, made.files[name])
        if why := whole.fault(unchecked, large=True):
            shutil.rmtree(unchecked)
            raise Unfit(f"{plan.id} did not arrive whole ({why}).")
        if place.is_dir():
            whole.aside(place, whole.fault(place, large=True))
        unchecked.rename(place)
    return place
