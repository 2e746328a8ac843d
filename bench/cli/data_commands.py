"""The data stages: `vidattn data <action>`, each one called by dvc.yaml too."""

from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from vidattn.bench.cli import own_data, truth_data
from vidattn.bench.config.errors import ParamsError, unknown
from vidattn.bench.config.schema import Params
from vidattn.bench.plan import cell_data, cell_inputs, dvc_cells, own_dataset
from vidattn.bench.plan.suites import cells
from vidattn.data import datasets
from vidattn.data.files import atomic, seal

Tell = Callable[[str], None]
SHOWN = 10  # bad clips that the terminal names


def data(arguments: Namespace, params: Params, tell: Tell) -> int:
    """Run one action of `vidattn data`."""
    with atomic.explained(Path(params.store)):
        return _act(arguments, params, tell)


def _act(arguments: Namespace, params: Params, tell: Tell) -> int:
    action, name = arguments.action, arguments.name
    if action == "status" and not name:
        return status(params)
    if action == "add" and not name:
        example = "vidattn data add mine clips/"
        raise ParamsError(f"vidattn data add needs a new name and the folder of your clips, as in: {example}")
    if action == "add":
        return own_data.add(arguments, params, tell)
    what, valid = ("backbone", params.backbones) if action == "weights" else ("data set", params.datasets)
    if not name:
        raise ParamsError(f"vidattn data {action} needs the name of a {what}: {', '.join(valid)}.")
    dataset = name.split("/")[0]
    if dataset not in valid:
        raise unknown(what, dataset, valid, f"data {action}")
    if action == "status":
        return status(params, dataset)
    if action != "weights" and (shown := cell_data.stored(dataset, params)) != dataset:
        tell(f"{dataset} shows the clips of {shown}: this is done for {shown}.")
        name, dataset = name.replace(dataset, shown, 1), shown
    if action != "weights":
        own_dataset.check_list(dataset, params)
    if action == "look" and "/" not in name:
        raise ParamsError(
            f"vidattn data look needs a clip too: {name}/<clip>, named as in {params.store}/{name}/index.csv."
        )
    if action == "look":
        return look(name, Path(arguments.out), params)
    if action == "weights":
        return weights(dataset, arguments.source, params)
    if action == "import" and arguments.truth:
        return truth_data.bring(dataset, arguments, params, tell)
    if action == "import":
        return bring(dataset, arguments.source, params, tell)
    steps = {"fetch": fetch, "index": index, "frames": frames, "flow": flow, "features": features}
    for step in steps if action == "prepare" else [action]:
        steps[step](dataset, params, tell)
    return 0


def status(params: Params, dataset: str | None = None) -> int:
    """Print what is there of all data sets or of one, how large, what is missing, and how to get it."""
    from vidattn.data.index import manifest

    table = manifest.status(Path(params.store), params.datasets)
    table = table[table["dataset"] == dataset] if dataset else table
    print(table.to_string(index=False, na_rep=""))
    return 0


def fetch(dataset: str, params: Params, tell: Tell) -> None:
    """Download, generate, or say what to import."""
    from vidattn.data.acquire import download as fetch_module

    made = datasets.load(dataset, params.datasets)
    fetch_module.fetch(made, Path(params.store), params.datasets[dataset])


def bring(dataset: str, source: str | None, params: Params, tell: Tell) -> int:
    """Link or copy what the user already has."""
    from vidattn.data.acquire import import_files

    if not source:
        raise ParamsError(f"vidattn data import {dataset} needs the folder or archive to import.")
    made = datasets.load(dataset, params.datasets)
    taken = import_files.import_dataset(made, Path(source), Path(params.store))
    lost = f", {taken.dangling} links that lead nowhere left out" if taken.dangling else ""
    print(
        f"{dataset}: {taken.files} files imported, {taken.known} there already, {taken.ignored} ignored{lost}"
    )
    return 0


def weights(backbone: str, source: str | None, params: Params) -> int:
    """Copy a weights file to where `weights: imagenet` finds it before it tries the network.

    It takes the place of any other file of the backbone.
    """
    ending = next((end for end in cell_inputs.WEIGHTS if str(source).endswith(end)), None)
    if not source or not ending:
        raise ParamsError(
            f"vidattn data weights {backbone} needs a file that ends in .npz (folded) or in .weights.h5 "
            f"(of Keras' save_weights), got {source or 'none'}."
        )
    if not Path(source).is_file():
        raise ParamsError(f"There is no file {source}; vidattn data weights {backbone} needs one to copy.")
    target = cell_inputs.weights_folder(params) / f"{backbone}{ending}"
    seal.write(target, Path(source).read_bytes())
    for old in target.parent.glob(f"{backbone}.*"):
        if old != target and old.suffix in (".npz", ".h5"):
            old.unlink()
            seal.beside(old).unlink(missing_ok=True)
    print(target)
    return 0


def index(dataset: str, params: Params, tell: Tell) -> None:
    """Probe every clip and write the manifest."""
    from vidattn.data.index import manifest

    table = manifest.build(datasets.load(dataset, params.datasets), Path(params.store))
    bad = table[table.status != "ok"]
    tell(f"{dataset}: {len(table)} clips, {len(bad)} excluded (unreadable)")
    for row in bad.head(SHOWN).itertuples():
        tell(f"  {row.clip}: {row.reason}")
    if len(bad) > SHOWN:
        tell(f"  and {len(bad) - SHOWN} more, listed in {Path(params.store) / dataset / 'index.csv'}")


def frames(dataset: str, params: Params, tell: Tell) -> None:
    """Decode the frames that the suite's protocols ask for: one pass makes every store that is not there."""
    from vidattn.data.extract import frames as frames_module

    wanted = dvc_cells.grid(params)["frames"].get(dataset, [])
    if not wanted:
        return tell(_unasked("frames", dataset, params))
    _costed(dataset, params, tell, partial(frames_module.extract_all, dataset, params.store, wanted))


def flow(dataset: str, params: Params, tell: Tell) -> None:
    """Compute the flow that the suite's protocols ask for, from the stored frames."""
    from vidattn.data.extract import flow as flow_module

    wanted = dvc_cells.grid(params)["flow_fields"].get(dataset, [])
    if not wanted:
        return tell(_unasked("flow_fields", dataset, params))
    for settings in wanted:
        _costed(dataset, params, tell, partial(flow_module.extract, dataset, Path(params.store), **settings))


def features(dataset: str, params: Params, tell: Tell) -> None:
    """Extract the frozen features that the suite's protocols ask for, each kind once."""
    from vidattn.bench.train import frozen_features

    done: list[dict] = []
    for runs in cells(params).values():
        cell = runs[0].cell
        asked = cell_inputs.feature_settings(cell, params)
        if cell_data.stored(cell.dataset, params) == dataset and asked["pool"] and asked not in done:
            done.append(asked)
            _costed(dataset, params, tell, partial(frozen_features.extract, cell, params, tell))
    if not done:
        tell(_unasked("encoders", dataset, params))


KINDS = {"frames": "frames", "flow_fields": "flow", "encoders": "features"}


def _unasked(kind: str, dataset: str, params: Params) -> str:
    """Why a step has nothing to do, and the command that has."""
    why = f"Suite '{params.suite}' reads no {KINDS[kind]} of '{dataset}'"
    for suite in params.suites:
        if dvc_cells.grid(replace(params, suite=suite))[kind].get(dataset):
            return f"{why}; this one does: vidattn data {KINDS[kind]} {dataset} --suite {suite}"
    return f"{why}, and no other suite in params.yaml does."


def _costed(dataset: str, params: Params, tell: Tell, work: Callable[[], Path | list[Path]]) -> None:
    """Run an extraction; say where its stores are, how large, and the CPU time if they were made now."""
    from vidattn.data.shards import costs

    for line in costs.measured(Path(params.store) / dataset, work)[1]:
        tell(f"{dataset}: {line}")


def look(name: str, out: Path, params: Params) -> int:
    """Draw a contact sheet of one clip: frames, flow, and the actor's mask where it is known."""
    from vidattn.data import contact_sheet as look_module

    dataset, _, clip = name.partition("/")
    store = Path(params.store)
    frames_path, flow_path = _seen(dataset, params)
    if not (frames_path / "index.json").exists():
        makes = f"vidattn data frames {dataset} --suite {params.suite}"
        raise ParamsError(f"No frames of '{dataset}' at {frames_path}. Make them with: {makes}")
    try:
        drawn = look_module.clip(dataset, store, clip, frames_path, flow_path)
    except KeyError as error:  # its text names the nearest clip
        raise ParamsError(_absent(dataset, clip, params) or error.args[0]) from error
    print(look_module.save(drawn, out))
    return 0


def _seen(dataset: str, params: Params) -> tuple[Path, Path | None]:
    """The store of the first frames that the suite reads, and that of flow between them if there is one."""
    from vidattn.data.extract import flow as flow_module
    from vidattn.data.extract import frames as frames_module

    asked = dvc_cells.grid(params)
    pictures = asked["frames"].get(dataset)
    if not pictures:
        raise ParamsError(_unasked("frames", dataset, params))
    same = {key: pictures[0][key] for key in ("frames", "size")}
    moving = [flow for flow in asked["flow_fields"].get(dataset, []) if same.items() <= flow.items()]
    flows = [flow_module.path(dataset, params.store, **settings) for settings in moving]
    made = [path for path in flows if (path / "index.json").exists()]
    return frames_module.path(dataset, params.store, **pictures[0]), made[0] if made else None


def _absent(dataset: str, clip: str, params: Params) -> str | None:
    """Why a clip of the index has no frames."""
    from vidattn.data.index import manifest

    rows = manifest.read(datasets.load(dataset, params.datasets), Path(params.store)).set_index("clip")
    if clip not in rows.index or rows.loc[clip, "status"] == "ok":
        return None
    return f"Clip '{clip}' of '{dataset}' is excluded (unreadable): {rows.loc[clip, 'reason']}."
