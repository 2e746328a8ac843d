"""Contact sheets of maps: frames, every map laid over them, Grad-CAM, temporal weights as bars."""

import io
from collections.abc import Iterator

import cv2
import matplotlib
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

HEAT = 0.55  # of an overlay; the rest is the picture
SIDE, LEFT, TITLE = 0.9, 1.3, 0.3  # inches: a picture, the names of the rows, the line above a clip
BOLD = 0.7  # a bold letter's width, of its size
SCALE = "least of the row", "greatest"  # what the ends of the colour scale stand for


def overlay(pictures: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Maps over pictures.

    Args:
        pictures: (T, H, W, 3) uint8.
        maps: (T', h, w), on one scale for the whole clip: its least value is black, its greatest yellow. They
            are spread over the T pictures.

    Returns:
        (T, H, W, 3) uint8.
    """
    low, span = maps.min(), np.ptp(maps)
    scaled = (maps - low) / span if span else np.zeros_like(maps)
    height, width = pictures.shape[1:3]
    steps = np.arange(len(pictures)) * len(maps) // len(pictures)
    large = [cv2.resize(scaled[t].astype(np.float32), (width, height)) for t in steps]
    heat = matplotlib.colormaps["inferno"](np.clip(np.stack(large), 0, 1))[..., :3] * 255
    return np.rint((1 - HEAT) * pictures + HEAT * heat).astype(np.uint8)


def rows(clip: dict) -> Iterator[tuple[str, np.ndarray]]:
    """Name and content of each row of a clip: pictures (T, H, W, 3), or weights (T,) for bars."""
    yield "frames", clip["frames"]
    for name, value in clip["maps"].items():
        if value.ndim == 1:
            yield f"{name}\n(weights)", value
        elif name == "grad_cam":
            yield f"grad_cam\n{clip['prediction']}\n{_range(value)}", overlay(clip["frames"], value)
        else:
            yield f"{name}\n{_range(value)}", overlay(clip["frames"], value)
    if clip["true_cam"] is not None and clip["label"] != clip["prediction"]:
        heat = clip["true_cam"]
        yield f"grad_cam\n{clip['label']}\n{_range(heat)}", overlay(clip["frames"], heat)


def _range(maps: np.ndarray) -> str:
    """What the ends of the colour scale are in this row."""
    return f"{maps.min():.2g} to {maps.max():.2g}"


def sheet(title: str, clips: list[dict]) -> Figure:
    """Draws clips below each other, each as its rows.

    Args:
        title: Of the whole sheet.
        clips: Each with `clip`, `label`, `prediction`, `confidence`, `frames`, `maps` by name and `true_cam`,
            Grad-CAM of the true class, shown where another was predicted.
    """
    drawn = [(clip, list(rows(clip))) for clip in clips]
    count = max(len(clip["frames"]) for clip in clips)
    width, height = LEFT + SIDE * max(count, 4), 2 * TITLE + sum(TITLE + SIDE * len(r) for _, r in drawn)
    figure = Figure(figsize=(width, height))
    y = height - TITLE
    room = 72 * (width - 0.1) / (BOLD * len(title))
    figure.text(0.05 / width, (y + 0.12) / height, title, fontsize=min(9, room), weight="bold")
    _scale(figure, (width, height))
    for clip, content in drawn:
        y -= TITLE
        line = f"{clip['clip']}: {clip['label']}, predicted {clip['prediction']} ({clip['confidence']:.0%})"
        figure.text(0.05 / width, (y + 0.08) / height, line, fontsize=8)
        for name, value in content:
            y -= SIDE
            place = (LEFT / width, y / height, SIDE * len(clip["frames"]) / width, (SIDE - 0.04) / height)
            figure.text(0.05 / width, (y + SIDE / 2) / height, name, fontsize=8, va="center")
            _row(figure, place, value)
    return figure


def _scale(figure: Figure, size: tuple[float, float]) -> None:
    """The colours of maps at the bottom, least to greatest: a sheet has one scale, each row its own range."""
    width, height = size
    axes = figure.add_axes((LEFT / width, 0.1 / height, 1.2 / width, 0.1 / height))
    axes.imshow(np.linspace(0, 1, 64)[None], cmap="inferno", aspect="auto")
    axes.set_axis_off()
    for text, x, side in ((SCALE[0], LEFT - 0.05, "right"), (SCALE[1], LEFT + 1.25, "left")):
        figure.text(x / width, 0.15 / height, text, fontsize=7, ha=side, va="center")


def _row(figure: Figure, place: tuple[float, float, float, float], value: np.ndarray) -> None:
    axes = figure.add_axes(place)
    if value.ndim == 1:
        axes.bar(np.arange(len(value)), value, color="#0072B2", width=0.6)
        axes.axhline(1 / len(value), color="#8C8C8C", lw=1, ls="--")  # even weights
        axes.set(
            xlim=(-0.5, len(value) - 0.5), ylim=(0, max(value.max(), 2 / len(value))), xticks=[], yticks=[]
        )
        axes.set_frame_on(False)
        return
    axes.imshow(np.concatenate(list(value), axis=1), aspect="auto", interpolation="nearest")
    axes.set_axis_off()


def encode(figure: Figure) -> bytes:
    """A sheet as PNG of 64 colours, a fifth of the size of a full one: the report carries some of them."""
    drawn, made = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=90)
    picture = Image.open(drawn).convert("RGB").quantize(64, dither=Image.Dither.NONE)
    picture.save(made, "PNG", optimize=True)
    return made.getvalue()
