"""Many runs side by side: whatever is missing in the store, by an engine.

A run that fails is recorded, and the others go on.
"""

import os
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vidattn.bench.plan.run_plan import RunPlan
from vidattn.bench.runner import engines, execute, memory, remote, store, worker_pool
from vidattn.bench.runner.engines import Engine
from vidattn.bench.runner.execute import Tell
from vidattn.bench.runner.outcome import Outcome
from vidattn.bench.runner.progress import Progress
from vidattn.bench.system import digests
from vidattn.data.files import pool

LAST_LINES = 20  # of a failed run's traceback that are kept


class Failed(RuntimeError):
    """Some runs failed; the others are in the store."""


def fill(
    plans: Iterable[RunPlan],
    jobs: int | None,
    tell: Tell,
    *,
    retry: int = 0,
    fail_fast: bool = False,
    same_device: bool = True,
    engine: Engine | None = None,
) -> None:
    """Run whatever is missing. Fused runs come after their streams.

    Args:
        plans: The runs, in the order in which they are begun.
        jobs: Runs at a time; as many as the engine has room for where it is None.
        tell: Told what happens.
        retry: How often a run that failed is tried again.
        fail_fast: Begin no run after the first that failed.
        same_device: Whether only runs of one device count as finished: this machine's, or the one of an
            engine's workers elsewhere.
        engine: Where they are made; this machine where none is given.

    Raises:
        Failed: Names the runs that failed and where each one's last lines are.
        Unfit: No worker elsewhere can make them.
    """
    filling = _Filling(engine or engines.engine(engines.DEFAULT), jobs, fail_fast, same_device)
    if filling.engine.elsewhere:
        plans = remote.with_parts(plans)
        if plans and same_device:
            filling = filling.of(remote.demanded(plans, filling.engine))
    missing = [plan for plan in plans if not filling.finished(plan)]
    if not missing:
        tell("Every run is in the store already.")
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for line in memory.told(missing, jobs, filling.engine):
        tell(line)
    failures: dict[str, str] = {}
    ended = Progress(missing[0].store, len(missing), filling.engine.name).ended
    for wave in ([p for p in missing if not p.parts], [p for p in missing if p.parts]):
        lost, trial = filling.wave(wave, ended), filling
        for _ in range(retry if lost else 0):
            trial = trial.after(lost)
            lost = trial.wave([plan for plan in wave if plan.id in lost], ended)
        failures |= lost
        if failures and fail_fast:
            break
    if failures:
        listed = "\n".join(f"  {name}: {why}" for name, why in failures.items())
        raise Failed(
            f"{len(failures)} of {len(missing)} runs failed, the others are in the store:\n{listed}\n"
            f"The last lines of each are in {failure_path(missing[0]).parent}. The same command tries again."
        )


@dataclass(frozen=True)
class _Filling:
    """How the store is filled; `device` is the one whose runs count, "" for this machine's."""

    engine: Engine
    jobs: int | None
    fail_fast: bool
    same_device: bool
    device: str = ""

    def of(self, device: str) -> "_Filling":
        """The same for runs of a device."""
        return _Filling(self.engine, self.jobs, self.fail_fast, self.same_device, device)

    def after(self, lost: dict[str, str]) -> "_Filling":
        """How lost runs are tried again: half as many side by side where a worker here may lack memory."""
        if self.engine.elsewhere or worker_pool.ENDED not in lost.values():
            return self
        fewer = max(1, (self.jobs or pool.cores()) // 2)
        return _Filling(self.engine, fewer, self.fail_fast, self.same_device, self.device)

    def finished(self, plan: RunPlan) -> bool:
        """Whether a run is in the store. A fused one is made here, from streams of the device that counts."""
        made_by = "" if plan.parts else self.device
        return store.finished(plan, self.same_device, made_by=made_by) is not None

    def wave(self, plans: Sequence[RunPlan], ended: Callable[[str, bool], None]) -> dict[str, str]:
        """Runs that need none of each other; returns why runs failed, by id. `ended` is told of each."""
        from tqdm import tqdm

        failures: dict[str, str] = {}
        with tqdm(total=len(plans), unit="run", desc="runs", disable=not plans) as bar:

            def done(plan: RunPlan, outcome: Outcome) -> bool:
                bar.set_postfix_str(plan.id)
                bar.update()
                if failure := outcome.failure or _lost(plan, outcome):
                    failures[plan.id] = failure.strip().splitlines()[-1]
                    last = failure.splitlines()[-LAST_LINES:]
                    digests.write_json(failure_path(plan), {"run": plan.id, "last_lines": last})
                else:
                    failure_path(plan).unlink(missing_ok=True)
                ended(plan.id, bool(failure))
                return not (failure and self.fail_fast)

            fused = any(plan.parts for plan in plans)
            engine = engines.engine(engines.DEFAULT) if self.engine.elsewhere and fused else self.engine
            if engine.elsewhere:
                attempt = partial(remote.attempt, terms=remote.terms(engine.settings, self.device))
            else:
                attempt = partial(_attempt, same_device=self.same_device, parts_by=self.device)
            # a worker keeps the compiled step of a cell for its next run
            engine.work(attempt, plans, self.jobs, done, engine.settings, lambda plan: plan.run.cell)
        return failures


def failure_path(plan: RunPlan) -> Path:
    """Where the last lines of a run that failed are kept until it is made."""
    return plan.store / "failed" / f"{plan.id}.json"


def _lost(plan: RunPlan, outcome: Outcome) -> str:
    """Publish what a worker elsewhere sent; why it cannot be, or ""."""
    try:
        if outcome.made:
            remote.receive(plan, outcome.made)
    except (remote.Unfit, OSError):
        return traceback.format_exc()
    return ""


def _attempt(plan: RunPlan, same_device: bool, parts_by: str) -> Outcome:
    from vidattn.bench.system import peak_memory

    try:
        execute.execute(plan, same_device=same_device, parts_by=parts_by)
    except Exception:
        return Outcome(peak_memory.memory_mb(), traceback.format_exc())
    return Outcome(peak_memory.memory_mb())
