"""A record as MLflow's tags, parameters and metrics; knows nothing of MLflow itself."""

import hashlib
import json
from typing import Any

from vidattn.bench.results import files
from vidattn.bench.results.reader import AGAIN, COORDINATES, Results, coordinates

RUN_COLUMN = "attributes.`Run Name`"  # as MLflow's pages call it
COUNTS = ("n", "n_train", "parameters", "flops", "epochs", "selected_epoch")


def run_name(cell: str, record: dict) -> str:
    """`<cell id>/<fold>-<seed>`."""
    return f"{cell}/{record['fold']}-{record['seed']}"


def cell_tags(cell: str) -> dict[str, str]:
    """The coordinates as tags."""
    return {f"vidattn.{name}": value for name, value in coordinates(cell).items()} | {"vidattn.kind": "cell"}


def run_tags(cell: str, record: dict, timing: dict) -> dict[str, str]:
    """Coordinates, fold, seed, commit, data digest and device as tags."""
    names = {"fold": record["fold"], "seed": record["seed"], "git_commit": timing.get("git_commit", "")}
    names |= {"data_digest": record.get("digests", {}).get("data", ""), "device": record.get("device", "")}
    tags = {f"vidattn.{name}": str(value) for name, value in names.items()}
    tags |= {"vidattn.kind": "run", "mlflow.source.git.commit": str(names["git_commit"])}
    return cell_tags(cell) | tags


def params(cell: str, record: dict) -> dict[str, str]:
    """Coordinates, fold, seed, weights, and the protocol's settings as `protocol.<name>`."""
    names = {**coordinates(cell), "fold": record["fold"], "seed": record["seed"]}
    names |= {"weights": record.get("weights"), "backend": record.get("backend")}
    names |= {f"protocol.{name}": value for name, value in record.get("protocol", {}).items()}
    return {name: str(value)[:500] for name, value in names.items()}


def metrics(record: dict, timing: dict) -> dict[str, float | list]:
    """Accuracies, counts and measured costs as numbers; curves by epoch as lists named `epoch_<name>`."""
    numbers = {**record["metrics"], **{name: record[name] for name in COUNTS if record.get(name) is not None}}
    numbers |= {name: value for name, value in timing.items() if isinstance(value, int | float)}
    curves = record.get("history", {}).items()
    return numbers | {f"epoch_{name}": values for name, values in curves if isinstance(values, list)}


def shapes(record: dict, streams: tuple[str, ...]) -> dict[str, dict[str, list]]:
    """The model's `inputs` and `outputs` by name; "B" is the batch, None a size not in the record.

    The streams of a clip are `rgb` (B, T, H, W, 3), `flow` (B, T - L, H, W, 2 L) with stacks of L pairs, or,
    where the backbone is frozen, `features` (B, T, D); a picture is `image` (B, H, W, 3).
    """
    protocol = record.get("protocol", {})
    frames, side = protocol.get("frames") or None, protocol.get("size")
    side = side if isinstance(side, int) else None  # native: the backbone's own
    known = {"rgb": ["B", frames, side, side, 3], "flow": ["B", None, side, side, None]}
    known |= {"features": ["B", frames, None], "image": ["B", side, side, 3]}
    if protocol.get("encoder") == "frozen" and streams != ("image",):
        streams = ("features",)
    classes = len(record.get("classes", [])) or None
    return {"inputs": {name: known[name] for name in streams}, "outputs": {"logits": ["B", classes]}}


def shape_tags(shapes: dict[str, dict[str, list]]) -> dict[str, str]:
    """Shapes as tags, `inputs.rgb` = "(B, 8, 64, 64, 3)"; "?" is a size that is not told."""
    return {
        f"{side}.{name}": "(" + ", ".join("?" if size is None else str(size) for size in shape) + ")"
        for side, found in shapes.items()
        for name, shape in found.items()
    }


def timing(results: Results, cell: str, record: dict) -> dict:
    """A run's measured costs, or nothing."""
    path = results.path("timings", cell, record, "json")
    return files.record(path, (), AGAIN) if path.is_file() else {}


def digest(*values: object) -> str:
    """Digest of values that JSON can write; bytes count as they are."""
    total = hashlib.sha256()
    for value in values:
        total.update(value if isinstance(value, bytes) else json.dumps(value, sort_keys=True).encode())
    return total.hexdigest()[:16]


def view(cells: list[str]) -> str:
    """MLflow's runs page as it opens: one line a cell, best first, with the columns that tell cells apart.

    A coordinate that all cells share has none: few columns are in sight.
    """
    found = [coordinates(cell) for cell in cells]
    names = [name for name in COORDINATES if len({one[name] for one in found}) > 1]
    shown = ("top1", "parameters")
    return _view([*(f"metrics.`{name}`" for name in shown), *(f"params.`{name}`" for name in names)])


def leaderboard_view() -> str:
    """The page of the leaderboard: accuracy with interval, difference to the control, cost, coordinates.

    Its charts begin with accuracy against FLOPs, of all cells: MLflow by itself draws the first ten.
    """
    shown = ["top1", "top1_low", "top1_high", "difference", "difference_low", "difference_high"]
    shown += ["flops", "parameters", "train_seconds"]
    chart = {
        "type": "SCATTER",
        "uuid": "accuracy-flops",
        "metricSectionId": "cost",
        "runsCountToCompare": 1000,
    }
    chart |= {"displayName": "Accuracy against FLOPs", "deleted": False, "isGenerated": False}
    chart |= {axis: {"key": key, "type": "METRIC"} for axis, key in (("xaxis", "flops"), ("yaxis", "top1"))}
    section = {"uuid": "cost", "name": "Accuracy and cost", "display": True, "isReordered": False}
    section |= {"deleted": False, "isGenerated": False}
    charts = {"compareRunCharts": [chart], "compareRunSections": [section], "isAccordionReordered": True}
    columns = [*(f"metrics.`{name}`" for name in shown), *(f"params.`{name}`" for name in COORDINATES)]
    return _view(columns, runsHiddenMode="SHOW_ALL", **charts)


def _view(columns: list[str], **more: Any) -> str:
    """A view with these columns in this order: MLflow's own is by name, with the name of a run cut short."""
    order = {
        "orderByKey": "metrics.`top1`",
        "orderByAsc": False,
        "searchFilter": "tags.`vidattn.kind` = 'cell'",
        "columnOrder": [RUN_COLUMN, *columns],
        "columnWidths": {RUN_COLUMN: 400} | dict.fromkeys(columns, 100),
    }
    return json.dumps({"selectedColumns": columns, **order, **more}, sort_keys=True)
