"""Notebooks of docs/ as pages: MkDocs calls `on_files`, which runs them and shows what they show.

A notebook runs as one script in a process of its own. The value of the expression that a cell ends with is
shown as in Jupyter: a table, a figure, or its text.
"""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
END = "-- end of a cell --"
# What the script begins with: how it shows the value of an expression.
SHOW = """
import base64, io

def _show(value):
    if hasattr(value, "savefig"):
        buffer = io.BytesIO()
        value.savefig(buffer, format="svg", metadata={"Date": None})
        told = base64.b64encode(buffer.getvalue()).decode()
        print(f'<img alt="{value.axes[0].get_xlabel()}" src="data:image/svg+xml;base64,{told}">')
    elif hasattr(value, "to_html"):
        table = value.to_html(border=0, float_format="{:,.3f}".format)
        print(table.replace("\\n", "").replace(' class="dataframe"', ""))  # the site's own style
    elif value is not None:
        print(value)
"""


def markdown(notebook: Path) -> str:
    """The page of a notebook: its text, its code, and what that showed when it ran just now.

    Raises:
        RuntimeError: A cell failed; the message ends with its error.
    """
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    codes = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    shown = iter(_run(codes, notebook))
    parts = []
    for cell in cells:
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
        if cell["cell_type"] == "code":
            parts.append(_block(next(shown)))
    return "\n\n".join(part for part in parts if part) + "\n"


def _run(codes: list[str], notebook: Path) -> list[str]:
    """What each cell printed."""
    script = "\n".join([SHOW, *(f"{_shown(code)}\nprint({END!r})" for code in codes)])
    environment = {**os.environ, "MPLBACKEND": "agg"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{notebook}: {done.stderr.strip().splitlines()[-1]}")
    return [text.strip() for text in done.stdout.split(END)[:-1]]


def _shown(code: str) -> str:
    """The code of a cell that also shows the value of its last line, where that has one."""
    tree = ast.parse(code)
    last = tree.body[-1]
    if not isinstance(last, ast.Expr) or ast.unparse(last).startswith("print("):
        return code
    tree.body[-1] = ast.Expr(ast.Call(ast.Name("_show", ast.Load()), [last.value], []))
    return ast.unparse(ast.fix_missing_locations(tree))


def _block(text: str) -> str:
    """What a cell printed: tables and figures as they are, text in a block."""
    return text if text.startswith("<") or not text else f"```text\n{text}\n```"


def on_files(files, config):
    """MkDocs: every notebook is a page of the same name."""
    from mkdocs.structure.files import File

    for notebook in sorted(Path(config.docs_dir).rglob("*.ipynb")):
        name = notebook.relative_to(config.docs_dir).with_suffix(".md").as_posix()
        files.append(File.generated(config, name, content=markdown(notebook)))
    return files
