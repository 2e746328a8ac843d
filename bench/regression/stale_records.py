"""Which recorded runs other code or settings made than those at hand; imports no deep-learning framework."""

from vidattn.bench.config.cell import Cell
from vidattn.bench.config.schema import Params
from vidattn.bench.plan import run_key
from vidattn.bench.results.reader import Results

WHAT = {"code": "code", "params": "settings"}  # key of a record's digests -> its name for readers


def find(results: Results, params: Params) -> dict[str, str]:
    """Cell -> what differs, for the cells of which any record does; those without records are left out.

    The digest of the data is not compared: a clone has records without the store that they were made from.
    """
    found = {}
    for name in results.ids:
        records = results.records[name]
        now = _now(Cell.parse(name, params), params) if records else {}
        other = [WHAT[key] for key in now if any(r.get("digests", {}).get(key) != now[key] for r in records)]
        if other:
            found[name] = f"stale: made by other {' and '.join(other)}"
    return found


def _now(cell: Cell, params: Params) -> dict[str, str]:
    return {"code": run_key.code_digest(cell, params), "params": run_key.settings_digest(cell, params)}
