"""The videos that a user names: found before a model is loaded, which takes longer."""

from pathlib import Path

from vidattn.data.acquire.own_clips import VIDEOS
from vidattn.data.media.decode import IMAGES, DecodeError


def files(path: Path) -> list[Path]:
    """The videos and pictures of a folder, at any depth, or the file itself."""
    if not path.exists():
        raise FileNotFoundError(f"There is nothing at {path}. Expected a video, or a folder with videos.")
    if path.is_file():
        return [path]
    found = sorted(each for each in path.rglob("*") if each.suffix.lower() in (*VIDEOS, *IMAGES))
    if not found:
        raise DecodeError(f"No video in {path}. Expected files that end in {', '.join(VIDEOS)}.")
    return found


def refuse(path: Path, kind: str) -> None:
    """Raises `DecodeError` for what is not to be read.

    It is a picture where a model was trained on videos, which would be one that stands, or a name that is no
    text, at which OpenCV crashes.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise DecodeError(f"{str(path)!r} is a name in no UTF-8. Rename it.") from None
    if kind == "video" and path.suffix.lower() in IMAGES:
        raise DecodeError(f"{path} is a picture, and this model was trained on videos.")
