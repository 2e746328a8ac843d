"""`vidattn predict` and `vidattn export`: trained models, used on one's own videos and taken away."""

import csv
import io
import json
from argparse import Namespace
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.schema import Params
from vidattn.bench.deploy.trained import Trained
from vidattn.bench.results.reader import Results
from vidattn.data.files import atomic
from vidattn.data.media.decode import DecodeError


def predict(arguments: Namespace, paths: list[Path], trained: Trained, tell: Callable[[str], None]) -> int:
    """Print the likeliest classes of a video, or of each in a folder; 1 where one could not be read."""
    from vidattn.bench.deploy import classifier, videos

    made, kind = classifier.of(trained), trained.first.plan.dataset.kind
    rows, unread = [], []
    for each in paths:
        try:
            videos.refuse(each, kind)
            rows += [
                {"file": str(each), "rank": rank, "class": name, "probability": round(probability, 4)}
                for rank, (name, probability) in enumerate(made.predict(each, arguments.top), 1)
            ]
        except DecodeError as error:
            unread.append(str(error))
    if not rows:
        raise ParamsError(unread[0])
    for line in unread:
        tell(line)
    written = _json(rows) if arguments.format == "json" else _csv(rows)
    if arguments.out:
        print(atomic.write(Path(arguments.out), written))
    else:
        print(written, end="")
    if arguments.overlay:
        drawn = _drawn([Path(str(row["file"])) for row in rows], Path(arguments.path))
        for path, place in drawn.items():
            print(_overlay(trained, made.frames(path), path.name, Path(arguments.overlay) / place))
    return 1 if unread else 0


def export(arguments: Namespace, trained: Trained, results: Results) -> int:
    """Write a trained model with its preprocessing, the names of its classes and its card into a folder."""
    from vidattn.bench.deploy import export as export_module

    for path in export_module.write(trained, results, Path(arguments.folder)):
        print(path)
    return 0


def submit(arguments: Namespace, params: Params, tell: Callable[[str], None]) -> int:
    """Write the submission of an attention, or check one: 1 where something is wrong with it."""
    from vidattn.bench.deploy import submission, verification

    if not arguments.verify:
        design = submission.Design(arguments.name, params.suite, arguments.seeds)
        folder = submission.write(design, params, arguments.jobs, tell)
        print((folder / submission.PAGE).read_text(encoding="utf-8"))
        print(
            f"{folder}: check it with vidattn submission {arguments.name} --verify, then open a pull request."
        )
        return 0
    design = submission.read(arguments.name)
    faults = verification.faults(design, params)
    drawn = [] if faults else verification.sample(design, params, arguments.rerun)
    faults += filter(None, (verification.rerun(run, design, params, tell) for run in drawn))
    for line in faults:
        print(line)
    count = len(design.runs(params))
    print(f"{arguments.name}: {len(faults)} faults in {count} runs, {len(drawn)} of them run again")
    return 1 if faults else 0


def _csv(rows: list[dict]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _json(rows: list[dict]) -> str:
    return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"


def _drawn(paths: list[Path], given: Path) -> dict[Path, Path]:
    """The picture of each video, as the videos lie in the folder that was given; no two have one."""
    inside = {path: Path(path.name) if path == given else path.relative_to(given) for path in paths}
    same = Counter(path.with_suffix("") for path in inside.values())
    return {
        path: place.with_name(f"{place.name if same[place.with_suffix('')] > 1 else place.stem}.png")
        for path, place in inside.items()
    }


def _overlay(trained: Trained, clip, name: str, picture: Path) -> Path:
    """What the model of frames looked at in a video, drawn over them."""
    from vidattn.bench.explain import attention_maps, contact_sheet

    part = trained.pictures or trained.first
    sheet = contact_sheet.sheet(part.plan.id, [attention_maps.seen(part, clip, name)])
    return atomic.write(picture, contact_sheet.encode(sheet))
