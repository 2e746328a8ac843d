"""From Vega-Lite to SVG, and the script that draws in a browser; vl-convert has both, without network."""

import hashlib
import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import vl_convert

from vidattn.data.files import atomic

VERSION = f"vl-convert {version('vl-convert-python')}"
SCRIPT = "Vega, Vega-Lite and Vega-Embed (BSD-3-Clause, University of Washington Interactive Data Lab)"
SNIPPET = "window.vegaEmbed = vegaEmbed;"
CLIP = re.compile(r'(id="|url\(#)clip(\d+)')
IN_PAGE = re.compile(r'<script id="vega">(.*?)</script>', re.DOTALL)


def write(spec: dict[str, Any], path: Path) -> Path:
    """Draw a figure; one that was drawn from the same description stays, unless someone changed it."""
    told = f"{VERSION} {json.dumps(spec)}"
    if path.is_file():
        before = path.read_bytes()
        if before == _sealed(before.rpartition(b"<!-- ")[0], told):
            return path
    svg = _renumbered(vl_convert.vegalite_to_svg(spec))
    return atomic.write(path, _sealed(f"{svg}\n".encode(), told))


def _renumbered(svg: str) -> str:
    """A drawing whose clipping paths count from its own first: Vega counts on from what it drew before."""
    order = list(dict.fromkeys(number for _, number in CLIP.findall(svg)))
    return CLIP.sub(lambda found: f"{found[1]}clip{order.index(found[2])}", svg)


def _sealed(svg: bytes, told: str) -> bytes:
    """A drawing that ends with a digest of itself and of what it was drawn from."""
    return svg + f"<!-- {hashlib.sha256(told.encode() + svg).hexdigest()} -->\n".encode()


def script(page: Path) -> str:
    """Vega for the page; from the page that is there if it has this version: bundling takes seconds."""
    found = IN_PAGE.search(page.read_text(encoding="utf-8")) if page.is_file() else None
    if found and found[1] == _signed(found[1].partition("\n")[2]):
        return found[1]
    return _signed(vl_convert.javascript_bundle(SNIPPET).replace("</script", r"<\/script"))


def _signed(bundle: str) -> str:
    """A bundle below whose it is, which version brought it, and its digest."""
    return f"/*! {SCRIPT}, {VERSION}, {hashlib.sha256(bundle.encode()).hexdigest()} */\n{bundle}"
