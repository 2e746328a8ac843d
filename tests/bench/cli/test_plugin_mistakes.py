"""Mistakes in plug-in files, tried in a copy of the project: each is one line that names the file."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
HEAD = "import keras\nfrom vidattn.models.attention import Attention\n\n\ndef attention():\n"
HOOK = f"{HEAD}    def refine(x, stage):\n        return %s\n\n    return Attention(refine=refine)\n"
NET = 'import keras\n\nSTREAMS = ("rgb",)\n\n\ndef architecture(encoder):\n    return %s\n'
MISFIT = "attention/mine.py: what its refine or readout gives does not fit: "
# what is wrong: (kind, content of the file, how the line begins or what it has)
CASES = {
    "no syntax": ("attention", "def attention(:\n", "attention/mine.py:1: invalid syntax"),
    "null byte": ("attention", "def attention():\n    \0\n", "attention/mine.py:1: "),
    "no function": (
        "attention",
        "def attenton():\n    pass\n",
        "attention/mine.py has no function attention(",
    ),
    "nothing returned": (
        "attention",
        f"{HEAD}    Attention()\n",
        "attention() returned None. Expected an Att",
    ),
    "another type": (
        "attention",
        f"{HEAD}    return {{}}\n",
        "attention() returned dict. Expected an Attention",
    ),
    "no name": ("attention", f"{HEAD}    return foo\n", "attention/mine.py:6: NameError: name 'foo'"),
    "a value": ("attention", f"{HEAD}    int('x')\n", "attention/mine.py:6: ValueError: invalid literal"),
    "no module": ("attention", "import nosuch\n" + HEAD + "    pass\n", "mine.py:1: ModuleNotFoundError"),
    "a hook of nothing": ("attention", HOOK % "None", MISFIT),
    "other channels": ("attention", HOOK % "keras.layers.Conv2D(3, 1)(x)", MISFIT),
    "shapes inside": ("attention", HOOK % "keras.layers.Add()([x, x[..., :3]])", "attention/mine.py:7: "),
    "no tensor": ("architecture", NET % "None", "architecture() returned None. Expected logits (B, K)"),
    "logits of frames": (
        "architecture",
        NET % 'encoder.logits("rgb")',
        "expected logits of shape (B, 101), got (B,",
    ),
    "no argument": (
        "architecture",
        NET.replace("(encoder)", "()") % "1",
        "architectures/mine.py:6: architecture() got an unexpected keyword argument 'encoder'",
    ),
    "no streams": (
        "architecture",
        "\ndef architecture(encoder):\n    pass\n",
        "mine.py has no STREAMS: see CONTR",
    ),
}
FOLDERS = {"attention": ("attention", "attention"), "architecture": ("architectures", "architectures")}
TRY = """
import importlib, json, pathlib, sys
from vidattn.bench.cli.parser import main
from vidattn.bench.config import plugin_files

told, text = {}, pathlib.Path("params.yaml").read_text()
for name, (kind, content, folder, section) in json.loads(sys.stdin.read()).items():
    path = pathlib.Path("vidattn/models") / folder / "mine.py"
    path.write_text(content)
    pathlib.Path("params.yaml").write_text(text.replace(f"\\n{section}:", f"\\n{section}:\\n  mine: {{}}"))
    for module in [module for module in sys.modules if module.endswith(".mine")]:
        del sys.modules[module]
    importlib.invalidate_caches()
    for cached in (plugin_files.files, plugin_files.arguments, plugin_files.optional):
        cached.cache_clear()
    try:
        main(["models", "tiny-mine-frame_average" if kind == "attention" else "tiny-none-mine"])
    except SystemExit as end:
        told[name] = str(end.code)
    except BaseException as error:
        told[name] = f"a traceback: {error!r}"
    path.unlink()
print("TOLD" + json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> dict[str, str]:
    """What each case ends with."""
    home = tmp_path_factory.mktemp("project")
    for part in ("bench", "data", "models"):
        ignored = shutil.ignore_patterns("store", "__pycache__")
        shutil.copytree(ROOT / part, home / "vidattn" / part, ignore=ignored)
    shutil.copy(ROOT / "params.yaml", home)
    cases = {name: (kind, text, *FOLDERS[kind]) for name, (kind, text, _) in CASES.items()}
    done = subprocess.run(
        [sys.executable, "-c", TRY],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(home)},
        input=json.dumps(cases),
        capture_output=True,
        text=True,
    )
    assert "TOLD" in done.stdout, done.stderr
    return json.loads(done.stdout.rpartition("TOLD")[2])


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_is_one_line_that_names_the_file(told, name):
    assert told[name].startswith("vidattn: models/") and "\n" not in told[name], told[name]
    assert "mine.py" in told[name] and CASES[name][2] in told[name], told[name]
