"""A list of one's own clips: found in class folders or a csv, put into folds that share no group."""

import re
from pathlib import Path, PurePosixPath

import pandas as pd

from vidattn.data.acquire import own_folds
from vidattn.data.acquire.own_folds import some
from vidattn.data.datasets.folder import COLUMNS
from vidattn.data.media import decode, near_duplicates
from vidattn.data.media.decode import IMAGES

VIDEOS = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv")


def listed(
    folder: Path,
    given: Path | None = None,
    groups: Path | None = None,
    pattern: str | None = None,
    folds: int | None = 5,
) -> pd.DataFrame:
    """A row a clip with `COLUMNS`, checked.

    Args:
        folder: Where the files are: `<class>/<clip>`, or as `given` says.
        given: A csv with `path` and `label`, and `group` and `fold` where these are known.
        groups: A csv with `path` and `group`.
        pattern: A regular expression whose first group, in the path of a clip, names its group.
        folds: How many; None for one a group.

    Raises:
        ValueError: Something that no fold could be made of, named, with what to do.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {folder}. Expected one with <class>/<clip>.")
    frame = _given(folder, given) if given else _found(folder)
    frame["group"] = _groups(frame, groups, pattern)
    frame["clip"] = [
        re.sub(r"[^\w.]", "_", str(PurePosixPath(path).with_suffix(""))) for path in frame["path"]
    ]
    _check(frame, folder)
    if "fold" not in frame or (frame["fold"] == "").all():
        frame["fold"] = own_folds.draw(frame, folds)
    own_folds.check(frame)
    return frame[list(COLUMNS)].sort_values("clip", ignore_index=True)


def text(frame: pd.DataFrame) -> str:
    """The list as csv."""
    return frame.to_csv(index=False, lineterminator="\n")


def seen(frame: pd.DataFrame, folder: Path) -> tuple[list[tuple[str, str]], list[str]]:
    """What a look at every clip tells.

    Returns:
        Pairs of clips that show the same, re-encoded copies included, and are tested by different folds; and
        the paths of clips that cannot be read.
    """
    from tqdm import tqdm

    paths = tqdm(frame["path"], desc="compare", unit="clip", disable=None)
    prints = [near_duplicates.fingerprint(folder / path) for path in paths]
    alike = near_duplicates.pairs(prints, frame["fold"].to_numpy())
    unread = [
        path for path, known in zip(frame["path"], prints) if known is None and not _is_read(folder / path)
    ]
    return [(frame["clip"][i], frame["clip"][j]) for i, j in alike], unread


def _is_read(path: Path) -> bool:
    """Whether a clip has a first frame; one without a fingerprint may only be black."""
    try:
        decode.read(path, [0])
    except decode.DecodeError:
        return False
    return True


def empty(folder: Path) -> list[str]:
    """Class folders that hold no clip."""
    full = {path.parts[0] for path in _media(folder)}
    folders = (path.name for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")
    return sorted(set(folders) - full)


def _media(folder: Path) -> list[Path]:
    """The videos and pictures in class folders, by their paths below the folder; other files are no clips."""
    paths = sorted(path.relative_to(folder) for path in folder.glob("*/**/*") if path.is_file())
    return [path for path in paths if path.suffix.lower() in (*VIDEOS, *IMAGES) and path.name[0] != "."]


def _found(folder: Path) -> pd.DataFrame:
    """A row a clip in class folders."""
    media = _media(folder)
    if not media:
        raise ValueError(f"No clip in {folder}. Expected <class>/<clip> with {', '.join(VIDEOS)}.")
    return pd.DataFrame(
        {"path": [path.as_posix() for path in media], "label": [path.parts[0] for path in media]}
    )


def _csv(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}. Expected a csv with {', '.join(columns)}.")
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    lacking = [name for name in columns if name not in frame]
    if lacking or frame.empty:
        raise ValueError(
            f"{path} has no {' and no '.join(lacking) or 'rows'}. Expected {', '.join(columns)}."
        )
    return frame


def _given(folder: Path, path: Path) -> pd.DataFrame:
    frame = _csv(path, ("path", "label"))
    twice = frame.loc[frame["path"].duplicated(), "path"].tolist()
    if twice:
        folds = (
            " and in two folds"
            if "fold" in frame and frame.groupby("path")["fold"].nunique().max() > 1
            else ""
        )
        raise ValueError(f"{path} lists {some(twice)} twice{folds}. Keep one line a clip.")
    missing = [name for name in frame["path"] if not (folder / name).is_file()]
    if missing:
        raise ValueError(
            f"{len(missing)} of {len(frame)} clips of {path} are not in {folder}: {some(missing)}."
        )
    outside = [name for name in frame["path"] if ".." in PurePosixPath(name).parts or name.startswith("/")]
    if outside:
        raise ValueError(f"{path} names {some(outside)}. Expected paths below {folder}.")
    unnamed = frame.loc[frame["label"] == "", "path"].tolist()
    if unnamed:
        raise ValueError(f"{path} gives no label to {some(unnamed)}. Expected one for each clip.")
    return frame


def _groups(frame: pd.DataFrame, path: Path | None, pattern: str | None) -> list[str]:
    """The group of each clip: of a csv, of a pattern in the path, of the list, or the clip alone."""
    if path:
        known = _csv(path, ("path", "group")).set_index("path")["group"].to_dict()
        lacking = [name for name in frame["path"] if name not in known]
        if lacking:
            raise ValueError(f"{path} has no group for {len(lacking)} clips: {some(lacking)}.")
        return [known[name] for name in frame["path"]]
    if pattern:
        try:
            found = [re.search(pattern, name) for name in frame["path"]]
        except re.error as error:
            raise ValueError(f"'{pattern}' is no regular expression: {error}.") from None
        lacking = [name for name, match in zip(frame["path"], found) if not match or not match.groups()]
        if lacking:
            raise ValueError(
                f"'{pattern}' names no group in {some(lacking)}. Expected one in brackets: _g([0-9]+)_."
            )
        return [match.group(1) for match in found if match]
    if "group" in frame and (frame["group"] != "").all():
        return frame["group"].tolist()
    return frame["path"].tolist()


def _check(frame: pd.DataFrame, folder: Path) -> None:
    """Refuses what no classifier could be trained and tested on."""
    picture = frame["path"].map(lambda path: PurePosixPath(path).suffix.lower() in IMAGES)
    if picture.any() and not picture.all():
        raise ValueError(
            f"Pictures among the videos of {folder}: {some(frame['path'][picture])}. Take either out."
        )
    for column, what in (("label", "Classes"), ("clip", "Clips")):
        names = pd.Series(frame[column].unique())
        alike = names[names.str.lower().duplicated(keep=False)]
        if len(alike):
            raise ValueError(f"{what} of {folder} differ in case only: {some(alike)}. Rename one.")
    if frame["clip"].duplicated().any():
        same = frame.loc[frame["clip"].duplicated(keep=False), "path"]
        raise ValueError(f"Clips of {folder} have one name but for their ending: {some(same)}. Rename one.")
    sizes = frame["label"].value_counts()
    if len(sizes) < 2:
        raise ValueError(f"{folder} has one class, {sizes.index[0]}. Expected two or more, a folder each.")
    if sizes.min() < 2:
        few = sizes.index[sizes < 2]
        raise ValueError(
            f"Classes of {folder} with a single clip: {some(few)}. Expected two or more of each."
        )
