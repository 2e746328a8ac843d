"""A record as MLflow's tags, parameters and metrics; knows nothing of MLflow itself."""

import hashlib
import json

from vidattn.bench.results import COORDINATES, Results, coordinates

COUNTS = ("n", "n_train", "parameters", "flops", "epochs", "selected_epoch")


def run_name(cell: str, record: dict) -> str:
    """`<cell id>/<fold>-<seed>`."""
    return f"{cell}/{record['fold']}-{record['seed']}"


def cell_tags(cell: str) -> dict[str, str]:
    """The coordinates as tags."""
    return {f"vidattn.{name}": value for name, value in coordinates(cell).items()} | {"vidattn.kind": "cell"}


def run_tags(cell: str, record: dict) -> dict[str, str]:
    """Coordinates, fold, seed, commit, data digest and device as tags."""
    names = {"fold": record["fold"], "seed": record["seed"], "git_commit": record.get("git_commit", "")}
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


def timing(results: Results, cell: str, record: dict) -> dict:
    """A run's measured costs, or nothing."""
    path = results.path("timings", cell, record, "json")
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def digest(*values: object) -> str:
    """Digest of values that JSON can write; bytes count as they are."""
    total = hashlib.sha256()
    for value in values:
        total.update(value if isinstance(value, bytes) else json.dumps(value, sort_keys=True).encode())
    return total.hexdigest()[:16]


def view() -> str:
    """MLflow's runs page as it opens: one line a cell, best first, with the columns that tell cells apart."""
    names = [f"params.`{name}`" for name in COORDINATES[1:]]
    shown = ("top1", "top1_low", "top1_high", "parameters", "flops")
    columns = [*names, *(f"metrics.`{name}`" for name in shown)]
    order = {
        "orderByKey": "metrics.`top1`",
        "orderByAsc": False,
        "searchFilter": "tags.`vidattn.kind` = 'cell'",
    }
    return json.dumps({"selectedColumns": columns, **order}, sort_keys=True)
