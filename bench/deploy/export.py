"""A trained model as files that can be taken away: the model, what it is about, and its card."""

import json
from pathlib import Path

from jinja2 import Environment, PackageLoader

from vidattn.bench.analysis import comparisons, numbers_in_words
from vidattn.bench.deploy import classifier, whole_model
from vidattn.bench.deploy.classifier import Classifier
from vidattn.bench.deploy.trained import Trained
from vidattn.bench.results.reader import Results
from vidattn.bench.system import digests
from vidattn.data.files import atomic


def write(trained: Trained, results: Results, folder: Path) -> list[Path]:
    """Write the model, its facts and its card into a folder; returns the paths.

    Args:
        trained: The run; its weights are the model's.
        results: Where the numbers of its cell stand.
        folder: Where the files go.
    """
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file. Name a folder, which may be a new one.")
    made = classifier.of(trained)
    run = trained.run
    facts = {"cell": run.cell.id, "run": run.id, "classes": made.classes, "frames": made.settings}
    if made.flow:
        facts["flow"] = made.flow
    with atomic.replace(folder / classifier.MODEL) as partial:
        made.model.save(partial)
    facts["sha256"] = digests.file_digest(folder / classifier.MODEL)
    told = json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
    written = [folder / classifier.MODEL, atomic.write(folder / classifier.FACTS, told)]
    return [*written, atomic.write(folder / "card.md", card(trained, results, made))]


def card(trained: Trained, results: Results, made: Classifier) -> str:
    """The model card: data, protocol, numbers with interval, what it may be used for."""
    cell, first = trained.run.cell, trained.first
    row = comparisons.cells(results).iloc[results.ids.index(cell.id)]
    environment = Environment(
        loader=PackageLoader("vidattn.bench.report"), trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("card.md").render(
        cell=cell,
        run=trained.run.id,
        top1=numbers_in_words.accuracy(row),
        records=results.records[cell.id],
        classes=first.inputs.classes,
        protocol=first.plan.protocol.settings(),
        inputs=" and ".join(_read(tensor) for tensor in made.model.inputs),
        streams=len(trained.parts),
        parameters=f"{sum(part.model.count_params() for part in trained.parts):,}",
    )


def _read(tensor) -> str:
    """What a model reads, with its shape."""
    _, count, height, width, channels = tensor.shape
    shape = f"`(B, {count}, {height}, {width}, {channels})`"
    if tensor.name == whole_model.FLOW:
        return f"{count} stacks of {channels // 2} flows in [-1, 1], {shape}"
    return f"{count} RGB frames of {height} x {width} pixels, bytes 0 to 255, {shape}"
