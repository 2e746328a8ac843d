"""The store of runs, frames and features on another machine, a disk or in a cloud, by fsspec.

There `objects/<first two>/<sha256>` has the bytes of a file, once for all that have the same, and
`lists/<part>.json` says which files a part of the store has. A list is written last, so that a part is there
whole or not at all; what was sent or fetched before a command was stopped is not sent or fetched again.
Weights are one part, of every backbone that any machine sent.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from vidattn.bench.runner import records, whole
from vidattn.bench.system import digests
from vidattn.data.files import atomic

STREAMS = ("frames", "flow", "features")  # folders of a data set with a finished store each
FINISHED = "index.json"  # what a finished store of a stream has
UNFINISHED = (".partial", ".damaged")  # ends of folders' names
VIDEOS = ("raw", "truth")  # folders of a data set that travel with its videos, and what is below them
INDEX = ("index.csv", ".index.csv.sha256")  # of a data set, and its seal
BESIDE = (*INDEX, "settings.json")  # files of a data set's folder that travel
SHA256 = re.compile(r"[0-9a-f]{64}")
WEIGHTS = "weights"  # the folder of the weights that runs start from
BLOCK = 1 << 20
Files = dict[str, dict[str, Any]]  # name -> bytes and sha256


class Refused(ValueError):
    """A store elsewhere holds what this one does not take."""


def parts(store: Path, videos: Collection[str] = ()) -> Iterator[str]:
    """Paths of what travels: runs, their scores, streams and indices; videos of the data sets named alone."""
    for path in sorted([*store.glob("runs/*/*"), *store.glob("scores/*/*")]):
        if (path / whole.MANIFEST).is_file() and path.suffix not in UNFINISHED:
            yield path.relative_to(store).as_posix()
    for index in sorted(store.glob("*/index.csv")):
        home = index.parent
        yield home.name
        finished = [path.parent for stream in STREAMS for path in home.glob(f"{stream}/*/{FINISHED}")]
        seen = [home / name for name in VIDEOS if home.name in videos and (home / name).is_dir()]
        for path in sorted([*finished, *seen]):
            if path.suffix not in UNFINISHED:
                yield path.relative_to(store).as_posix()
    if (store / WEIGHTS).is_dir():
        yield WEIGHTS


def push(store: Path, url: str, tell: Callable[[str], None], videos: Collection[str] = ()) -> int:
    """Send what a store elsewhere lacks; returns the number of parts that were sent.

    Args:
        store: The store here.
        url: Of the one there: a folder, or an address that fsspec knows (ssh://, s3://).
        tell: Told what happens.
        videos: Data sets whose videos go along, as who fetches them may have them.
    """
    system, root = _open(url)
    there, sent = _names(system, root), 0
    for part in parts(store, videos):
        files = _described(store, part)
        before = _before(system, root, part) if part in there else {}
        listed = {**_others(before, files), **files} if part == WEIGHTS else files
        if before == listed:
            continue
        if why := _fault(store / part, part):
            tell(f"{part} is damaged ({why}): not sent.")
            continue
        for name, about in files.items():
            target = f"{root}/objects/{about['sha256'][:2]}/{about['sha256']}"
            if not system.exists(target) or system.size(target) != about["bytes"]:
                system.makedirs(target.rpartition("/")[0], exist_ok=True)
                system.put_file(str(store / part / name), f"{target}.part")
                system.mv(f"{target}.part", target)
        target = f"{root}/lists/{part}.json"
        system.makedirs(target.rpartition("/")[0], exist_ok=True)
        system.pipe_file(target, digests.json_text(listed).encode())
        sent += 1
        tell(part)
    return sent


def pull(store: Path, url: str, tell: Callable[[str], None]) -> int:
    """Fetch what the store here lacks; returns the number of parts that were fetched.

    A file's digest is compared with its list's before it gets its name, and a run's manifest with its files.

    Raises:
        Refused: A list is damaged, leads outside the store, or a file has other bytes than its list says.
    """
    system, root = _open(url)
    names, fetched = sorted(_names(system, root)), 0
    if not names:
        raise FileNotFoundError(f"{url} holds no store. Send one there: vidattn store push {url}")
    for part in names:
        files = _checked(part, _list(system, root, part))
        if len(PurePosixPath(part).parts) == 1:  # a data set's or the weights' folder, where other files lie
            lacking = _lacking(store / part, files, tell)
            for name in lacking:
                _fetch(system, root, files[name], store / part / name)
            if not lacking:
                continue
        elif _is_here(store / part, part, files):
            continue
        elif PurePosixPath(part).name in VIDEOS and (store / part).is_dir():
            tell(f"{part}: the videos here are others than there, and stay.")
            continue
        else:
            _fetch_folder(system, root, files, store, part)
        fetched += 1
        tell(part)
    return fetched


def _lacking(folder: Path, files: Files, tell: Callable[[str], None]) -> list[str]:
    """What a data set's or the weights' folder lacks of a list.

    Files that belong together, all of a data set or those of one backbone, are not mixed: where one here is
    another than there, that is told, and none of them is lacking.
    """
    here = _described(folder.parent, WEIGHTS) if folder.name == WEIGHTS and folder.is_dir() else {}
    together: dict[str, list[str]] = {}
    for name in dict.fromkeys([*files, *here]):
        together.setdefault(_backbone(name) if folder.name == WEIGHTS else "", []).append(name)
    lacking = []
    for names in together.values():
        same = {name for name in names if name in files and _is_same(folder / name, files[name])}
        missing = [name for name in names if name in files and not (folder / name).is_file()]
        others = [name for name in names if name not in same and name not in missing]
        if others and (missing or any(name in files for name in others)):
            tell(f"{folder.name}: {', '.join(others)} here is another than there, and stays.")
        else:
            lacking += missing
    return lacking


def _before(system: Any, root: str, part: str) -> Files:
    """What the list there says; nothing where it is damaged: it is written anew."""
    try:
        return _checked(part, _list(system, root, part))
    except Refused:
        return {}


def _others(listed: Files, files: Files) -> Files:
    """Of a list of weights what is of no backbone that these files are of."""
    own = {_backbone(name) for name in files}
    return {name: about for name, about in listed.items() if _backbone(name) not in own}


def _backbone(name: str) -> str:
    """Whose weights, or whose seal, a file is: `tiny` of `tiny.weights.h5` and of `.tiny.npz.sha256`."""
    return name.removeprefix(".").partition(".")[0]


def _is_same(path: Path, about: dict[str, Any]) -> bool:
    """Whether a file is here with the bytes that a list states."""
    return path.is_file() and digests.file_digest(path) == about["sha256"]


def _fetch_folder(system: Any, root: str, files: Files, store: Path, part: str) -> None:
    """A run, a store of a stream or videos: under another name until all of it is there."""
    place = store / part
    partial = place.with_name(f"{place.name}.fetched.partial")
    with atomic.alone(partial):
        for left in [path for path in partial.rglob("*") if path.is_file()]:
            if left.relative_to(partial).as_posix() not in files:
                left.unlink()
        for name, about in files.items():
            _fetch(system, root, about, partial / name)
        if why := _fault(partial, part):
            shutil.rmtree(partial)
            raise Refused(f"{place.name} is not the run that was sent ({why}); refused.")
        if place.is_dir():
            whole.aside(place, "it differs from the one fetched")
        partial.rename(place)


def _fetch(system: Any, root: str, about: dict[str, Any], path: Path) -> None:
    """One file, unless it is here; its digest is compared before it gets its name."""
    if _is_same(path, about):
        return
    counted = hashlib.sha256()
    with atomic.replace(path) as partial:
        there = f"{root}/objects/{about['sha256'][:2]}/{about['sha256']}"
        with system.open(there, "rb") as source, partial.open("wb") as target:
            while block := source.read(BLOCK):
                counted.update(block)
                target.write(block)
        if counted.hexdigest() != about["sha256"]:
            raise Refused(
                f"{path.name} came with other bytes than were sent; refused. Remove the object "
                f"{about['sha256']} there and push again."
            )


def _fault(place: Path, part: str) -> str:
    """Why a run, or the scores of one, is not whole; "" where it is, and for all else."""
    if part.startswith("runs/"):
        return whole.fault(place, large=True)
    return whole.fault(place, records.KEPT) if part.startswith("scores/") else ""


def _described(store: Path, part: str) -> Files:
    """Size and digest of the files of a part; of a data set's folder the index and its seal alone."""
    folder = store / part
    only: Iterable[Path] = folder.rglob("*") if folder.name in VIDEOS else folder.iterdir()
    if (folder / INDEX[0]).is_file():
        only = [folder / name for name in BESIDE]
    kept = [path for path in sorted(only) if path.is_file() and ".part" not in path.name]
    return {
        path.relative_to(folder).as_posix(): {
            "bytes": path.stat().st_size,
            "sha256": digests.file_digest(path),
        }
        for path in kept
    }


def _is_here(place: Path, part: str, files: Files) -> bool:
    """Whether a part is here, by sizes: a finished folder's own digests guard its bytes when it is read.

    A run that is whole counts, though it took other seconds than the one there.
    """
    if part.startswith(("runs/", "scores/")) and place.is_dir() and not _fault(place, part):
        return True
    sizes = {name: (place / name).stat().st_size for name in files if (place / name).is_file()}
    if sizes != {name: about["bytes"] for name, about in files.items()}:
        return False
    return FINISHED not in files or _is_same(place / FINISHED, files[FINISHED])


def _checked(part: str, files: Any) -> Files:
    """What a list says, once nothing of it can lead outside the store."""
    head = PurePosixPath(part).parts
    nested = len(head) == 2 and head[1] in VIDEOS
    names = [*part.split("/"), *(files if isinstance(files, dict) else [None])]
    if nested:
        names = [piece for name in names for piece in (name.split("/") if isinstance(name, str) else [None])]
    for name in names:
        if not isinstance(name, str) or name in ("", ".", "..") or re.search(r"[/\\:\0]", name):
            raise Refused(f"The list {part} names {name!r}, which is no name of a file; refused.")
    for name, about in files.items():
        if not isinstance(about, dict) or set(about) != {"bytes", "sha256"}:
            raise Refused(f"The list {part} says of {name} not its bytes and sha256 alone; refused.")
        if not SHA256.fullmatch(str(about["sha256"])) or type(about["bytes"]) is not int:
            raise Refused(f"The list {part} has no digest and size of {name}; refused.")
    folder = nested or (len(head) == 3 and (head[0] in ("runs", "scores") or head[1] in STREAMS))
    if not folder and part != WEIGHTS and not (len(head) == 1 and set(files) <= {*BESIDE}):
        raise Refused(f"The list {part} is of no part of a store; refused.")
    return files


def _list(system: Any, root: str, part: str) -> Any:
    try:
        return json.loads(system.cat_file(f"{root}/lists/{part}.json"))
    except ValueError as error:
        raise Refused(f"The list {part} is damaged ({error}); push that part again.") from error


def _names(system: Any, root: str) -> set[str]:
    """The parts that a store elsewhere has."""
    if not system.exists(f"{root}/lists"):
        return set()
    found = (path.replace("\\", "/").partition(f"{root}/lists/")[2] for path in system.find(f"{root}/lists"))
    return {path.removesuffix(".json") for path in found if path.endswith(".json")}


def _open(url: str) -> tuple[Any, str]:
    """The file system of an address and the folder in it; raises one line where there is none."""
    import fsspec

    try:
        system, root = fsspec.core.url_to_fs(url, use_listings_cache=False)
        system.exists(root)
    except ImportError as error:  # fsspec says which package
        raise RuntimeError(f"{url} cannot be opened: {error}") from error
    except ValueError as error:
        raise RuntimeError(f"{url} cannot be opened: {error} Expected a folder, ssh:// or s3://.") from error
    except OSError as error:
        raise OSError(f"{url} cannot be reached: {error}") from error
    return system, root.rstrip("/")
