"""The content-addressed store of finished runs: where each lies, whether it is whole, how it is published.

The key of a run is a digest of everything that determines its result: coordinates, seeds, settings, data,
code, versions of the libraries. Beside it stands the device, as floating-point numbers differ between them.
"""

from pathlib import Path
from typing import Any

from vidattn.bench.config.cell import Run
from vidattn.bench.plan.run_plan import RunPlan
from vidattn.bench.runner import records, whole
from vidattn.bench.system import digests
from vidattn.bench.system.environment import device, versions
from vidattn.data.files import atomic


def key(plan: RunPlan) -> str:
    """Stands for all that determines a run's result, but for the device."""
    return digests.digest(
        [plan.id, plan.initial_seed, plan.order_seed, plan.digests, versions(), [key(p) for p in plan.parts]]
    )


def folder(plan: RunPlan, made_by: str = "") -> Path:
    """Where this run is kept when a device makes it: this machine's where none is named."""
    run = plan.run
    name = f"{run.fold}-{run.seed}-{key(plan)}-{mark(made_by or device())}"
    return plan.store / "runs" / run.cell.id / name


def mark(device: str) -> str:
    """Six hex digits that stand for a device."""
    return digests.digest(device)[:6]


def made_by_any(plan: RunPlan) -> list[Path]:
    """The folders of a run, whichever device made it, whole or not."""
    own = folder(plan)
    return sorted(own.parent.glob(f"{own.name.rpartition('-')[0]}-??????"))


def finished(plan: RunPlan, same_device: bool = True, large: bool = False, made_by: str = "") -> Path | None:
    """The folder of a run that is whole, or None.

    Args:
        plan: The run.
        same_device: Unless set, one that any device made will do.
        large: Whether the bytes of its weights are looked at too, and not their number alone.
        made_by: The device whose run counts; this machine's where none is named.
    """
    own = folder(plan, made_by) if made_by else folder(plan)
    others = [] if same_device else made_by_any(plan)
    return next(
        (place for place in (own, *others) if place.is_dir() and not whole.fault(place, large=large)), None
    )


def publish(plan: RunPlan, place: Path) -> dict[str, Any]:
    """Write a finished run's results, and its scores for the stages that start from them; returns the record.

    An identical rerun leaves the same record and predictions: what differs, seconds, memory and commit, is
    in the timing, which git does not track.

    `place` is what `execute` returned: code that was edited while the run trained has another folder by now.
    """
    published = scores_folder(plan.store, plan.run)
    for name in (*records.KEPT, whole.MANIFEST):
        atomic.write(published / name, (place / name).read_bytes())
    return records.write(plan.run, published)


def scores_folder(store: Path, run: Run) -> Path:
    """Where the scores of a run are published."""
    return store / "scores" / run.cell.id / f"{run.fold}-{run.seed}"
