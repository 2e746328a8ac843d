"""One HTML page: the answer, a leaderboard, then everything else folded, and where each number comes from.

The page loads nothing from anywhere: style, scripts and figures are inside. Links lead to files beside it.
A plot is drawn by Vega from the description that its SVG is drawn from, when a reader comes to it.
"""

import base64
import re
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader, select_autoescape

from vidattn.bench.analysis import against_controls, comparisons, planned
from vidattn.bench.report import (
    across_protocols,
    answer,
    figures,
    findings,
    leaderboard,
    leaderboard_plot,
    provenance,
    render,
    sentences,
    tables,
)
from vidattn.bench.results import files as reading
from vidattn.bench.results.reader import COORDINATES, Results
from vidattn.data.files import atomic

SHEET = "two test clips of its first run, evenly spaced over the list; each map on its own scale."
GALLERY = "all models side by side, each map on its own scale; a wrong prediction in brackets."
SHEETS_BESIDE, LEADERBOARD = "attention_scores", "leaderboard"  # names of tables
# `2,160`, `<0.001`, `+10.1 points [+7.8, +12.4]`, `864 / 2,160`, `0.055 (main effects)`
NUMBER = re.compile(r"<?([+-]?\d[\d,]*(?:\.\d+)?)(?: points)?(?: \[[^\]]*\])?(?: / [\d,]+)?(?: \([a-z ]+\))?")


def write(
    results: Results,
    tables_folder: Path,
    out: Path,
    options: dict | None = None,
    figures_folder: Path | None = None,
) -> Path:
    """Write the report.

    Args:
        results: What was measured.
        tables_folder: Folder with the tables' csv files; each becomes a table of the page.
        out: The HTML file; `findings.md`, the same findings as text, is written beside it.
        options: `tables`, in the order of the page; `suites`, each with the ids of its cells; `names`, the
            table of what names stand for; `stale`, cells with records that other code or settings made.
        figures_folder: Where the figures go as SVG; default `figures` beside `out`.
    """
    tables_folder, options = Path(tables_folder), options or {}
    versus = against_controls.versus(results, comparisons.against_none(results))
    contrasts = planned.evaluate(results)
    suites = options.get("suites", {})
    stale = options.get("stale", {})
    blocks = sentences.summarise(results, versus, contrasts, suites, stale)
    leaders = leaderboard.table(results)
    environment = _environment()
    said = environment.get_template("answer.txt").render(answer.facts(results, tables_folder))
    headline = findings.headline(results, versus, contrasts, tables_folder, suites, stale)
    shown = _tables(tables_folder, options.get("tables", []))
    written = figures.write(results, figures_folder or Path(out).parent / "figures")  # once all is readable
    drawn = {name: _plot(name, figure) for name, figure in written.items()}
    first = drawn.pop("answer", None)
    if first:  # it is seen without the script
        first["data"] = _inside(written["answer"].path)
    pictures = [*drawn.values(), *_sheets(results)]
    for table in shown:
        table["figures"] = [figure for figure in pictures if figure["beside"] == table["name"]]
    placed = {figure["name"] for table in shown for figure in table["figures"]}
    plots = {name: figure.spec for name, figure in written.items()}
    if len(leaders):
        every = comparisons.cells(results)
        for field in ("attention", "architecture"):  # in the order in which results name them
            plots[f"leaders_{field}"] = leaderboard_plot.spec(leaders.sort_index()[field], every[field])
    page = {
        "answer": said.splitlines(),  # three sentences above the figure, more below
        "figure": first,
        "leaders": leaderboard.rows(leaders),
        "choices": leaderboard.choices(leaders),
        "headline": [_finding(part) for part in headline],
        "blocks": across_protocols.block(results, tables_folder) + blocks,
        "tables": shown,
        "figures": [figure for figure in pictures if figure["name"] not in placed],
        "plots": plots,
        "vega": figures.render.script(Path(out)) if plots else "",
        "cells": provenance.facts(results),
        "missing": results.missing,
        "names": _finding(options["names"]) if "names" in options else None,
        "folder": _folder(),
    }
    atomic.write(Path(out).with_name("findings.md"), environment.get_template("findings.md").render(page))
    return atomic.write(Path(out), environment.get_template("report.html").render(page))


def _environment() -> Environment:
    loader = PackageLoader("vidattn.bench.report")
    escape = select_autoescape(("html",))
    environment = Environment(loader=loader, autoescape=escape, trim_blocks=True, lstrip_blocks=True)
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False, "separators": (",", ":")}
    return environment


def _folder() -> dict[str, str]:
    """Style and script, to be put inside the page."""
    folder = Path(__file__).parent / "templates"
    return {name: (folder / name).read_text(encoding="utf-8") for name in ("report.css", "report.js")}


def _tables(folder: Path, names: list[str]) -> list[dict]:
    """The tables: those named first and in that order, then the others; what was not measured comes last.

    The leaderboard is on the page already, to sort and filter.
    """
    rank = {name: place for place, name in enumerate(names)}
    paths = sorted(
        reading.whole(folder, "*.csv"), key=lambda path: (rank.get(path.stem, len(rank)), path.stem)
    )
    shown = [_table(path) for path in paths if path.stem != LEADERBOARD]
    return sorted(shown, key=lambda table: not table["measured"])


def _table(path: Path) -> dict:
    """A table of the page: title, captions, headers, rows of (shown, sort key); figures are put beside it."""
    frame = reading.made(path)
    same = render.shared(frame)
    shown = render.display(frame).drop(columns=list(same))
    named = set(COORDINATES) <= set(frame.columns) and frame[list(COORDINATES)].notna().all(axis=None)
    cells = frame[list(COORDINATES)].agg("-".join, axis=1) if named and len(frame) else None
    keys = [[_key(value) for value in frame[column]] for column in shown.columns]
    pairs = [list(zip(*row)) for row in zip(shown.to_numpy().tolist(), zip(*keys))]
    of_cell = [None] * len(frame) if cells is None else cells
    rows = [{"cell": cell, "values": row} for cell, row in zip(of_cell, pairs)]
    legend = _legend(path.stem)
    return {
        "name": path.stem,
        "title": re.split(r"[:;]|\.$", legend[0])[0] or path.stem,
        "headers": list(shown.columns),
        "rows": rows,
        "legend": [*legend, render.held(same)],
        "figures": [],
        "measured": frame.drop(columns=list(COORDINATES), errors="ignore").notna().to_numpy().any(),
    }


def _finding(part: dict) -> dict:
    """A short table of the findings in the form of the others; its rows sort as they read."""
    return {
        **part,
        "rows": [{"cell": None, "values": [(value, _read(value)) for value in row]} for row in part["rows"]],
    }


def _read(value: str) -> str:
    """What a cell of the findings is sorted by: the number that it shows, or its words."""
    found = NUMBER.fullmatch(str(value))
    if value == render.MISSING:
        return ""
    return found[1].replace(",", "") if found else str(value)


def _key(value: object) -> str:
    """What a column is sorted by; empty sorts last."""
    return "" if pd.isna(value) else f"{value:.9g}" if isinstance(value, float) else str(value)


def _legend(name: str) -> list[str]:
    return tables.legend(name) if name in tables.names() else [""]


def _plot(name: str, figure: figures.Written) -> dict:
    """A figure of `bench/report/figures`, which the page draws."""
    return {
        "name": name,
        "caption": figure.caption,
        "beside": figure.beside,
        "svg": f"figures/{figure.path.name}",
    }


def _picture(name: str, path: Path, caption: str, beside: str) -> dict:
    return {"name": name, "caption": caption, "beside": beside, "data": _inside(path)}


def _inside(path: Path) -> str:
    """The address of a picture that is in the page itself."""
    kind = {".svg": "svg+xml"}.get(path.suffix, "png")
    return f"data:image/{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _sheets(results: Results) -> list[dict]:
    """What cells looked at, drawn by `vidattn explain`."""
    sheets = [
        _picture(f"explain_{cell}", path, f"{cell}: {SHEET}", SHEETS_BESIDE)
        for cell, path in results.sheets.items()
    ]
    galleries = reading.whole(Path(results.root) / "galleries", "*.png")
    return sheets + [
        _picture(path.stem, path, f"{path.stem}: {GALLERY}", SHEETS_BESIDE) for path in galleries
    ]
