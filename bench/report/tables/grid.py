"""The whole grid: accuracy, difference to none (Holm's p within data set and protocol), size, cost."""

import pandas as pd

from vidattn.bench.analysis import against_controls, comparisons, floors, training_facts
from vidattn.bench.report import model_costs
from vidattn.bench.results.reader import COORDINATES, Results

COLUMNS = ["difference", "difference_low", "difference_high", "p", "p_holm", "judged_in", "family_size"]
LEFT_OUT = ("p", "n_official", "trainable")


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per cell; intervals and p hold for other clips and other training runs.

    `detectable` is the smallest true difference that is found with a power of 0.8 after Holm's correction
    over the `family_size` comparisons that params.yaml plans on the data set and protocol. A difference that
    is a main effect or a named comparison has the p of that: `judged_in` says so. `run_variance`
    says where the variance over training runs is from: the cell's own seeds, or pooled. `improvement` is the
    probability that a run with attention beats one without, from ten seeds per arm on. `stale` marks
    a cell with records that other code or settings made than those at hand.

    `linear_probe_top1` is the linear-probe baseline: logistic regression on the same stored features, the
    better of two; a head is `under_trained` where the interval of its difference to it lies below zero. Where
    `encoder` is frozen, parameters, FLOPs and what `vidattn bench costs` measured are of the head alone:
    `latency_ms` of a clip and `step_memory_mb` of a training step with the recipe's batch, each on one
    thread. `hit_epoch_limit` counts runs that ended with the last epoch allowed while validation loss was
    falling.
    """
    frame = comparisons.cells(results)
    frame.insert(0, "cell", pd.Series(results.ids, dtype=str))
    frame = frame.merge(_differences(results), on="cell", how="left")
    frame["hit_epoch_limit"] = [_capped(results, cell) for cell in results.ids]
    baselines = floors.table(results).rename(columns={"floor_top1": "linear_probe_top1"})
    frame = frame.merge(baselines[["cell", "linear_probe_top1", "under_trained"]], on="cell", how="left")
    frame = frame.join(model_costs.of(results, frame))
    stale = options.get("stale", {})
    frame["stale"] = [stale.get(cell) for cell in results.ids]
    sizes = [
        "n",
        "n_official",
        "folds",
        "seeds",
        "encoder",
        "parameters",
        "trainable",
        "flops",
        "latency_ms",
        "step_memory_mb",
        "hit_epoch_limit",
        "linear_probe_top1",
        "under_trained",
    ]
    first = [*COORDINATES, *comparisons.accuracies(results), *COLUMNS]
    frame = frame[[*first, "improvement", "detectable", "run_variance", *sizes, "weights", "stale"]]
    return frame.rename(columns=lambda c: f"top1_{c}" if c.startswith("difference") else c)


def _differences(results: Results) -> pd.DataFrame:
    pairs, columns = comparisons.against_none(results), ["cell", *COLUMNS, "improvement", "detectable"]
    return (
        against_controls.versus(results, pairs)[columns]
        if pairs
        else pd.DataFrame(columns=columns).astype({"cell": str})
    )


def _capped(results: Results, cell: str) -> int | None:
    """How many runs the last epoch cut short."""
    records = training_facts.trained(results.records[cell])
    return sum(map(training_facts.capped, records)) if records else None
