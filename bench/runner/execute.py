"""One run: what the store has is not made again, and what is made gets its name only if it is sound."""

import importlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from vidattn.bench.plan import run_key
from vidattn.bench.plan.cell_kinds import ROOT
from vidattn.bench.plan.run_plan import RunPlan
from vidattn.bench.runner import store, whole
from vidattn.bench.system import damaged_headers, digests
from vidattn.data.files import atomic

Tell = Callable[[str], None]


class Changed(RuntimeError):
    """Code or data of a run changed under it, so that its result would stand under another's key."""


class TooFew(ValueError):
    """A run would train on nothing, or score nothing."""


def execute(
    plan: RunPlan, tell: Tell = lambda line: None, same_device: bool = True, parts_by: str = ""
) -> Path:
    """Make sure that a run is in the store; returns its folder. A second process waits for the first.

    Args:
        plan: The run.
        tell: Told what happens.
        same_device: Unless set, a run that any device made will do.
        parts_by: The device whose streams a fused run is made from; this machine's where none is named.
    """
    if place := store.finished(plan, same_device, large=True):
        return place
    place = store.folder(plan)
    partial = place.with_name(place.name + ".partial")
    with atomic.alone(partial):
        if store.finished(plan, large=True):  # by another process, meanwhile
            shutil.rmtree(partial, ignore_errors=True)
            return place
        _make(plan, partial, tell, same_device, parts_by)
        if place.is_dir():
            whole.aside(place, whole.fault(place, large=True))
        partial.rename(place)
    return place


def again(plan: RunPlan, folder: Path, tell: Tell = lambda line: None) -> Path:
    """Make a run from nothing in a folder of its own, whatever the store has; returns the folder."""
    folder.mkdir(parents=True)
    _make(plan, folder, tell)
    return folder


def _make(plan: RunPlan, partial: Path, tell: Tell, same_device: bool = True, parts_by: str = "") -> None:
    """Leave in `partial` what the store keeps of a run, and nothing else."""
    atomic.sweep(partial)
    with damaged_headers.named():
        files = _files(plan, partial, tell, same_device, parts_by)
    check_data(plan)
    for checkpoint in partial.glob("checkpoint*.npz"):
        checkpoint.unlink()
    for name, content in files.items():
        _keep(partial / name, content)
    whole.seal(partial)


def _keep(path: Path, content: bytes) -> None:
    """Write a file of a folder without a name yet; the manifest, written last, syncs the folder itself."""
    try:
        with path.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:  # a write names no file
        raise OSError(error.errno, error.strerror, str(path)) from error


def _files(plan: RunPlan, partial: Path, tell: Tell, same_device: bool, parts_by: str) -> dict[str, bytes]:
    """The files of a run: trained, scored without training, or fused from those of its streams."""
    from vidattn.bench.system import peak_memory
    from vidattn.bench.train import late_fusion, nearest, one_run, reproducible

    check_code(plan)
    if not plan.parts and plan.network:
        reproducible.one_thread()
        import_code(plan)
        check_code(plan)  # what is edited from here on is not read any more
        check_sizes(plan)
        peak_memory.reset()
        return one_run.run_trained(plan, partial, tell)
    if plan.parts:
        files = late_fusion.run_fused(
            plan,
            [
                store.finished(part, large=True, made_by=parts_by) or execute(part, tell, same_device)
                for part in plan.parts
            ],
        )
    else:
        files = nearest.run_nearest(plan)
    check_code(plan)
    return files


def import_code(plan: RunPlan) -> None:
    """Import all code that a run is made by, so that none of it is read later."""
    for file in plan.code_files:
        if file.stem != "__init__":
            parts = file.relative_to(ROOT).with_suffix("").parts
            importlib.import_module(".".join(("vidattn", *parts)))


def check_code(plan: RunPlan) -> None:
    """Raises `Changed` where the code is not, or may not be, that of the run's key."""
    if run_key.code_of(plan.code_files) != plan.digests["code"]:
        raise Changed(f"The code of {plan.id} was edited since it was planned. Give the same command again.")
    if edited := run_key.edited(plan.code_files):
        names = ", ".join(file.relative_to(ROOT).as_posix() for file in edited)
        raise Changed(f"{names}: edited while {plan.id} started. Give the same command again.")


def check_sizes(plan: RunPlan) -> None:
    """Raises `TooFew` where all clips of a part stand in the incomplete batch that the protocol drops."""
    from vidattn.bench.train import fold_data

    if not plan.protocol.drop_remainder:
        return
    inputs, batch = fold_data.open_inputs(plan), plan.protocol.batch
    # where single frames are trained on, a batch of whole clips to score is smaller
    for role in ("train",) if plan.protocol.train_frames else ("train", "test"):
        if not inputs.steps(role, plan.protocol):
            use = "train on" if role == "train" else "score"
            raise TooFew(
                f"{plan.id}: its protocol drops incomplete batches of {batch} clips, and there are "
                f"{len(inputs.ids(role))} to {use}. Give it more clips, or a smaller batch."
            )


def check_data(plan: RunPlan) -> None:
    """Raises `Changed` where the data is not what it was when the run was planned."""
    if digests.digest_files(plan.data_files) != plan.digests["data"]:
        names = ", ".join(map(str, plan.data_files))
        raise Changed(f"One of {names} changed while {plan.id} was made. Give the same command again.")
