"""The data stages: `vidattn data <action>`, each one called by dvc.yaml too."""

from argparse import Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path

from vidattn.bench import encode, grid
from vidattn.bench.cell import Cell, cells
from vidattn.bench.params import Params, ParamsError, unknown

Tell = Callable[[str], None]


def data(arguments: Namespace, params: Params, tell: Tell) -> int:
    """Run one action of `vidattn data`."""
    action, name = arguments.action, arguments.name
    if action == "status":
        return status(params)
    if not name:
        raise ParamsError(
            f"vidattn data {action} needs the name of a data set: {', '.join(params.datasets)}."
        )
    dataset = name.split("/")[0]
    valid = params.backbones if action == "weights" else params.datasets
    if dataset not in valid:
        raise unknown("backbone" if action == "weights" else "data set", dataset, valid, f"data {action}")
    if action == "look":
        return look(name, Path(arguments.out), params)
    if action == "weights":
        return weights(dataset, arguments.source, params)
    if action == "import":
        return bring(dataset, arguments.source, params, tell)
    steps = {"fetch": fetch, "index": index, "frames": frames, "flow": flow, "features": features}
    for step in steps if action == "prepare" else [action]:
        steps[step](dataset, params, tell)
    return 0


def status(params: Params) -> int:
    """Print what is there, what is missing, how large, and the command that gets it."""
    from vidattn.data import manifest

    print(manifest.status(Path(params.store)).to_string(index=False, na_rep=""))
    return 0


def fetch(dataset: str, params: Params, tell: Tell) -> None:
    """Download, generate, or say what to import."""
    from vidattn.data import fetch as fetch_module

    fetch_module.fetch(dataset, Path(params.store), params.datasets[dataset])


def bring(dataset: str, source: str | None, params: Params, tell: Tell) -> int:
    """Link or copy what the user already has."""
    from vidattn.data import importing

    if not source:
        raise ParamsError(f"vidattn data import {dataset} needs the folder or archive to import.")
    taken = importing.import_dataset(dataset, Path(source), Path(params.store))
    print(f"{dataset}: {taken.files} files imported, {taken.known} there already, {taken.ignored} ignored")
    return 0


def weights(backbone: str, source: str | None, params: Params) -> int:
    """Copy a weights file to where `weights: imagenet` finds it before it tries the network."""
    from vidattn.bench import files

    if not source or Path(source).suffix not in (".npz", ".h5"):
        raise ParamsError(
            f"vidattn data weights {backbone} needs a file: folded .npz, or Keras' .weights.h5."
        )
    target = encode.weights_folder(params) / f"{backbone}{Path(source).suffix}"
    files.write(target, Path(source).read_bytes())
    print(target)
    return 0


def index(dataset: str, params: Params, tell: Tell) -> None:
    """Probe every clip and write the manifest."""
    from vidattn.data import manifest

    table = manifest.build(dataset, Path(params.store))
    bad = table[table.status != "ok"]
    tell(f"{dataset}: {len(table)} clips, {len(bad)} quarantined")
    for row in bad.itertuples():
        tell(f"  {row.clip}: {row.reason}")


def frames(dataset: str, params: Params, tell: Tell) -> None:
    """Decode the frames that the suite's protocols ask for: one pass makes every store that is not there."""
    from vidattn.data import frames as frames_module

    wanted = grid.grid(params)["frames"].get(dataset, [])
    if wanted:
        _costed(dataset, params, tell, partial(frames_module.extract_all, dataset, params.store, wanted))


def flow(dataset: str, params: Params, tell: Tell) -> None:
    """Compute the flow that the suite's protocols ask for, from the stored frames."""
    from vidattn.data import flow as flow_module

    for settings in grid.grid(params)["flow_fields"].get(dataset, []):
        _costed(dataset, params, tell, partial(flow_module.extract, dataset, Path(params.store), **settings))


def features(dataset: str, params: Params, tell: Tell) -> None:
    """Extract the frozen features that the suite's protocols ask for, each kind once."""
    done: list[dict] = []
    for runs in cells(params).values():
        cell = runs[0].cell
        asked = encode.feature_settings(cell, params)
        frozen = params.protocols[cell.protocol].encoder == "frozen"
        if cell.dataset == dataset and frozen and asked not in done:
            done.append(asked)
            _costed(dataset, params, tell, partial(encode.extract, cell, params))


def _costed(dataset: str, params: Params, tell: Tell, work: Callable[[], Path | list[Path]]) -> None:
    """Run an extraction; say where its stores are, how large, and the CPU time if they were made now."""
    from vidattn.data import costs

    for line in costs.measured(Path(params.store) / dataset, work)[1]:
        tell(f"{dataset}: {line}")


def look(name: str, out: Path, params: Params) -> int:
    """Draw a contact sheet of one clip: frames, flow, and the actor's mask where it is known."""
    from vidattn.bench.inputs import flow_settings
    from vidattn.data import flow as flow_module
    from vidattn.data import frames as frames_module
    from vidattn.data import look as look_module

    dataset, _, clip = name.partition("/")
    store, cell = Path(params.store), Cell(dataset, "none", "none", "frame_average", "clean")
    frames_path = frames_module.path(dataset, store, **encode.frame_settings(cell, params))
    flow_path = flow_module.path(dataset, store, **flow_settings(cell, params))
    if not (frames_path / "index.json").exists():
        raise ParamsError(
            f"No frames of '{dataset}' at {frames_path}. Make them with: vidattn data frames {dataset}"
        )
    drawn = look_module.clip(
        dataset, store, clip, frames_path, flow_path if (flow_path / "index.json").exists() else None
    )
    print(look_module.save(drawn, out))
    return 0
