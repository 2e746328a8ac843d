"""What goes into the mirror: the runs of a cell and their parent, with numbers, settings and files."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from vidattn.bench.analysis import comparisons
from vidattn.bench.config import plugin_files
from vidattn.bench.results.reader import Results, coordinates
from vidattn.bench.tracking import confusion, entries
from vidattn.bench.tracking.mirror import Mirror
from vidattn.data.files import atomic


def log_cell(mirror: Mirror, results: Results, cell: str) -> Iterator[tuple[str, bool]]:
    """Mirror the runs of a cell, then the cell; yields each run's name and whether it was logged anew."""
    parent, digests = mirror.open(cell, entries.cell_tags(cell)), []
    for record in results.records[cell]:
        name, timing = entries.run_name(cell, record), entries.timing(results, cell, record)
        digests.append(entries.digest(record, timing))
        if mirror.has(name, digests[-1]):
            yield name, False
            continue
        run = mirror.replace(name, {**entries.run_tags(cell, record, timing), "mlflow.parentRunId": parent})
        for kind, suffix in (("records", "json"), ("predictions", "csv")):
            path = results.path(kind, cell, record, suffix)
            if path.is_file():
                mirror.client.log_artifact(run, str(path), kind)
        mirror.complete(run, entries.metrics(record, timing), entries.params(cell, record), digests[-1])
        yield name, True
    mirror.retain(cell, [entries.run_name(cell, record) for record in results.records[cell]])
    row = comparisons.only(results, [cell]).iloc[0].to_dict()
    numbers = {k: v for k, v in row.items() if isinstance(v, int | float) and not pd.isna(v)}
    digest = entries.digest(digests, numbers)  # intervals change with the runs of cells beside this one
    if not mirror.has(cell, digest):
        _log_parent(mirror, parent, results, cell, numbers, digest)


def _log_parent(mirror: Mirror, run: str, results: Results, cell: str, numbers: dict, digest: str) -> None:
    shapes = _shapes(results, results.records[cell][0])
    frame = results.predictions(cell)
    if len(frame):
        _attach(mirror, run, "confusion.png", confusion.png(frame, results.records[cell][0]["classes"]))
    if shapes:
        _attach(mirror, run, "shapes.json", json.dumps(shapes, indent=1) + "\n")
    # shapes are tags, no parameters: those of a run cannot change
    mirror.complete(run, numbers, coordinates(cell), digest, entries.shape_tags(shapes))


def _shapes(results: Results, record: dict) -> dict:
    """What the model takes and gives; nothing for a record of code that is no longer there.

    Plain text, no MLflow signature: that is part of an MLmodel file, for which MLflow offers to register a
    model, and the weights are not here.
    """
    plugin = plugin_files.among(results.plugins, "architecture", record["cell"]["architecture"])
    streams = plugin.declares("STREAMS")
    return entries.shapes(record, streams) if streams else {}


def _attach(mirror: Mirror, run: str, name: str, content: bytes | str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        mirror.client.log_artifact(run, str(atomic.write(Path(folder) / name, content)))
