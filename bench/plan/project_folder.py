"""A project outside of the repository: its settings and stages, laid by `vidattn init` into a folder."""

import re
from pathlib import Path

from vidattn.bench.config.errors import ParamsError
from vidattn.bench.plan.cell_kinds import ROOT
from vidattn.bench.system import digests
from vidattn.data.files import atomic

INSTALLED = "installed.json"  # in the store: a digest of the installed code
LAID = ("params.yaml", "cells.json", "dvc.yaml", ".dvcignore")
MEASURED = ("results/benchmarks", "results/rates")  # what `vidattn bench` fills; the stages read it
IGNORED = """\
/data/store
/mlflow.db*
/mlruns/
/mlartifacts/
/dvc_plots/
/results/mlflow_pending.json
/results/timings/
/results/report.html
/results/figures/*
/results/explain/*.png
"""
# A path of code among the dependencies of a stage.
CODE = re.compile(r" +- (bench|models|data/(?!store)\w+|\$\{item\.code\.\w+\})(/\S*)?\s*$")


def lay(folder: Path) -> list[Path]:
    """Write params.yaml, cells.json, dvc.yaml and the published numbers into a folder, params.yaml last.

    Raises:
        ParamsError: One of them is there already, or the folder is a file. Nothing was written.
    """
    if folder.exists() and not folder.is_dir():
        raise ParamsError(f"{folder} is a file. Expected a folder for the project: vidattn init <folder>")
    source = ROOT / "project" if installed() else ROOT
    texts = {Path(name): (source / name).read_text(encoding="utf-8") for name in LAID}
    texts[Path("dvc.yaml")] = stages(texts[Path("dvc.yaml")])
    texts[Path(".gitignore")] = IGNORED
    for path in sorted((source / "results" / "published").iterdir()):
        texts[path.relative_to(source)] = path.read_text(encoding="utf-8")
    texts |= {Path(name) / ".gitkeep": "" for name in MEASURED}
    present = [folder / name for name in texts if (folder / name).exists()]
    if present:
        raise ParamsError(f"{present[0]} is there already, and is kept. Name another folder for the project.")
    order = sorted(texts, key=lambda name: name == Path("params.yaml"))
    return [atomic.write(folder / name, texts[name]) for name in order]


def installed() -> bool:
    """Whether this code runs from an installed package, and not from a clone of the repository."""
    return (ROOT / "project" / "params.yaml").is_file()


def stages(text: str) -> str:
    """dvc.yaml where no code lies beside it: what depended on code depends on the installed package."""
    lines: list[str] = []
    stage, told = "", False
    for line in re.sub(r"(?m)^( +)deps: \[(.*)\]$", _unfolded, text).splitlines():
        line = re.sub(r"(deps:)  #.*", r"\1", line)
        head = re.match(r"  (\w+):", line)
        if head:
            stage, told = head.group(1), False
        if not CODE.match(line):
            lines.append(line)
        elif stage != "plan" and not told:
            lines.append(f"{line[: len(line) - len(line.lstrip())]}- data/store/{INSTALLED}")
            told = True
        if stage == "plan" and line.strip().startswith("cmd:"):
            lines.append("    always_changed: true  # the package may have been updated")
        if stage == "plan" and "&made" in line:
            lines.append(f"      - data/store/{INSTALLED}: *made")
    return "\n".join(lines) + "\n"


def _unfolded(found: re.Match) -> str:
    """A list between brackets with a line for each of its items."""
    indent, items = found.groups()
    return "\n".join([f"{indent}deps:", *(f"{indent}  - {item.strip()}" for item in items.split(","))])


def write_installed(store: Path) -> None:
    """Write the digest of the installed code, on which the stages of a laid project depend."""
    digests.write_json(store / INSTALLED, {"code": digests.digest_files(sorted(ROOT.rglob("*.py")))})
