"""Plans of runs for tests that bring their own inputs: as `resolve` makes them, without a store."""

import pytest

from vidattn.bench.config.cell import Run
from vidattn.bench.config.schema import Params
from vidattn.bench.plan import cell_inputs, run_key
from vidattn.bench.plan.run_plan import RunPlan, resolve


def without_data(run: Run, params: Params) -> RunPlan:
    """The plan of a run of which nothing is stored."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_key, "data_files", lambda cell, params: [])
        patch.setattr(cell_inputs, "stream_paths", lambda cell, params: {})
        return resolve(run, params)
