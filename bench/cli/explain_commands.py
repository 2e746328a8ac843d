"""`vidattn explain`: what trained models look at, in clips of the data set and in files of one's own."""

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from vidattn.bench.config.cell import RESULTS, Run
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.schema import Params
from vidattn.data.files import atomic

SUFFIXES = (".png", ".gif", ".mp4")


def draw(arguments: Namespace, run: Run, params: Params) -> int:
    """A sheet, or a moving picture, of test clips or of a video that the user has."""
    out = Path(arguments.out or f"explain_{run.id}.png")
    if out.suffix not in SUFFIXES:
        raise ParamsError(f"--out: expected a file that ends in {', '.join(SUFFIXES)}, got {out}.")
    from vidattn.bench.explain import attention_maps, contact_sheet, overlay_video

    found = attention_maps.load(run, params)
    clips = _clips(arguments, found)
    if out.suffix == ".png":
        print(atomic.write(out, contact_sheet.encode(contact_sheet.sheet(run.id, clips))))
    else:
        print(overlay_video.write(out, overlay_video.pictures(clips)))
    return 0


def _clips(arguments: Namespace, found) -> list[dict]:
    """The file or the test clip that is named, those of --clip, or some."""
    from vidattn.bench.explain import attention_maps

    if not arguments.path:
        return attention_maps.clips(found, arguments.clip or arguments.count)
    path = Path(arguments.path)
    if path.is_file():
        return [attention_maps.seen(found, attention_maps.own_frames(found, path), path.name)]
    if arguments.path not in found.inputs.ids("test"):
        first = ", ".join(found.inputs.ids("test")[:3])
        raise ParamsError(
            f"'{arguments.path}' is no file and no test clip of {found.plan.id}. The first are: {first}."
        )
    return attention_maps.clips(found, [arguments.path])


def galleries(cells: list[list[Run]], params: Params, tell: Callable[[str], None]) -> int:
    """Maps of all models of the suite side by side, into results/galleries."""
    from vidattn.bench.explain import gallery

    return gallery.write_all(cells, params, RESULTS / "galleries", tell)
