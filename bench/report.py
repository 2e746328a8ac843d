"""One HTML page that holds everything: sentences, tables, figures, and where each number comes from.

The page loads nothing from anywhere: style, script and figures are inside.
"""

import base64
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader, select_autoescape

from vidattn.bench import captions, figures, headline, reading, render, sentences, summary, tables
from vidattn.bench.results import COORDINATES, Results
from vidattn.data import atomic

SHEET = "two test clips of its first run, evenly spaced over the list; each map on its own scale."


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
        out: The HTML file; `findings.md`, its first part, is written beside it.
        options: `families` and `contrasts`, as for the tables; `tables`, in the order of the page; `suites`,
            each with the ids of its cells.
        figures_folder: Where the figures go as SVG and PNG; default `figures` beside `out`.
    """
    folder = figures_folder or Path(out).parent / "figures"
    drawn = figures.write(results, folder)
    for cell, path in results.sheets.items():
        sheet = atomic.write(Path(folder) / f"explain_{cell}.png", path.read_bytes())
        drawn[f"explain_{cell}"] = (sheet, f"{cell}: {SHEET}")
    versus = summary.versus(results, summary.against_none(results))
    contrasts = summary.contrasts(results, options or {})
    suites = (options or {}).get("suites", {})
    page = {
        "headline": headline.headline(results, versus, contrasts, Path(tables_folder), suites),
        "noise": captions.noise(Path(tables_folder)),
        "blocks": sentences.summarise(results, versus, contrasts, suites),
        "tables": [_table(path) for path in _ordered(Path(tables_folder), (options or {}).get("tables", []))],
        "figures": [_figure(name, *found) for name, found in drawn.items()],
        "cells": {cell: _provenance(results, cell) for cell in results.ids},
        "missing": results.missing,
        "folder": _folder(),
    }
    atomic.write(Path(out).with_name("findings.md"), _environment().get_template("findings.md").render(page))
    return atomic.write(Path(out), _environment().get_template("report.html").render(page))


def _ordered(folder: Path, names: list[str]) -> list[Path]:
    """The tables' files: those named first and in that order, then the others."""
    rank = {name: place for place, name in enumerate(names)}
    return sorted(folder.glob("*.csv"), key=lambda path: (rank.get(path.stem, len(rank)), path.stem))


def _environment() -> Environment:
    loader = PackageLoader("vidattn.bench")
    escape = select_autoescape(("html",))
    environment = Environment(loader=loader, autoescape=escape, trim_blocks=True, lstrip_blocks=True)
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}
    return environment


def _folder() -> dict[str, str]:
    """Style and script, to be put inside the page."""
    folder = Path(__file__).parent / "templates"
    return {name: (folder / name).read_text(encoding="utf-8") for name in ("report.css", "report.js")}


def _table(path: Path) -> dict:
    """A table of the page: name, caption, headers, rows of (shown, sort key), and what all rows share."""
    frame = reading.table(path, (), "Make it again: vidattn tables")
    same = render.shared(frame)
    shown = render.display(frame).drop(columns=list(same))
    cells = frame[list(COORDINATES)].agg("-".join, axis=1) if set(COORDINATES) <= set(frame.columns) else None
    rows = []
    for i, values in enumerate(shown.to_numpy().tolist()):
        keys = [_key(frame[column].iloc[i]) for column in shown.columns]
        rows.append({"cell": None if cells is None else cells.iloc[i], "values": list(zip(values, keys))})
    return {
        "name": path.stem,
        "headers": list(shown.columns),
        "rows": rows,
        "legend": [*_legend(path.stem), render.held(same)],
        "measured": frame.drop(columns=list(COORDINATES), errors="ignore").notna().to_numpy().any(),
    }


def _key(value: object) -> str:
    """What a column is sorted by; empty sorts last."""
    return "" if pd.isna(value) else f"{value:.9g}" if isinstance(value, float) else str(value)


def _legend(name: str) -> list[str]:
    return tables.legend(name) if name in tables.names() else [captions.TABLES.get(name, "")]


def _figure(name: str, path: Path, caption: str) -> dict:
    data = base64.b64encode(path.read_bytes()).decode()
    kind = {".svg": "svg+xml"}.get(path.suffix, "png")
    return {"name": name, "caption": caption, "data": f"data:image/{kind};base64,{data}"}


def _provenance(results: Results, cell: str) -> dict:
    """Where the numbers of a cell come from."""
    records = results.records[cell]
    if not records:
        return {"cell": cell, "records": "none: not run"}
    first, names = records[0], [f"{r['fold']}-{r['seed']}.json" for r in records]
    found = {"cell": cell, "records": f"results/records/{cell}/: {', '.join(names)}"}
    found["clips"] = "; ".join(f"{r['n']} of {r['n_official']}" for r in records)
    for name in ("weights", "backend", "device", "git_commit"):
        found[name] = ", ".join(sorted({str(r[name]) for r in records if r.get(name)})) or "not recorded"
    for kind in ("digests", "versions"):
        found[kind] = ", ".join(f"{k} {v}" for k, v in sorted(first.get(kind, {}).items()))
    found["protocol"] = ", ".join(f"{k}: {v}" for k, v in sorted(first.get("protocol", {}).items()))
    return found
