"""Code is edited while a run starts: no result stands under the key of other code."""

import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from faults import project
from faults.case import Case
from faults.judge import Verdict, ended, visible
from vidattn.bench.plan import cell_kinds, run_key
from vidattn.bench.runner import execute, store
from vidattn.bench.train import one_run

SHARE = 2
FILE = cell_kinds.ROOT / "models" / "attention" / "cbam.py"  # of the harness's own copy of the code
EDITS = (("r: float = 16", "r: float = 18"), ("k: int = 7", "k: int = 5"), ('= "thesis"', '= "original"'))
MOMENTS: tuple[tuple[ModuleType, str], ...] = (
    (run_key, "code_of"),
    (run_key, "edited"),
    (execute, "import_code"),
    (one_run, "run_trained"),
    (one_run, "scored"),
    (store, "folder"),
    (store, "publish"),
)


def inject(case: Case) -> Verdict:
    """Edit before or after a call of these, perhaps edit back later; then bring back the code of before."""
    case.start("half")
    state, text = FILE.stat(), FILE.read_text()
    moments = case.random.choices([(m, n, late) for m, n in MOMENTS for late in (False, True)], k=2)
    old, new = case.random.choice(EDITS)
    contents = [text.replace(old, new), *([text] if case.random.random() < 0.4 else [])]
    same_time = case.random.random() < 0.3
    verdict, command = Verdict(), [["run", project.CELLS[1]]]
    for path in case.work.glob(f"data/store/runs/{project.CELLS[1]}/*"):
        path.rename(case.home / path.name)  # so that the run is made

    def edited() -> None:
        sys.dont_write_bytecode = True
        del sys.modules["vidattn.models.attention.cbam"]
        for (module, name, late), content in zip(moments, contents):
            _before(module, name, late, lambda content=content: _write(content, state, same_time))
        project.run(command)

    try:
        ended(verdict, case.fork(edited), ("cbam.py", "edited"))
        runs = {name: d for name, d in case.reference.files["finished"].items() if "store/runs/" in name}
        visible(verdict, case.work, runs)
    finally:
        FILE.write_text(text)
        os.utime(FILE, ns=(state.st_atime_ns, state.st_mtime_ns))
    again = case.give([*command, *case.rest("half")])
    if ended(verdict, again, must=True):
        visible(verdict, case.work, case.reference.files["finished"])
    return verdict


def _write(content: str, state: os.stat_result, same_time: bool) -> None:
    FILE.write_text(content)
    if same_time:
        os.utime(FILE, ns=(state.st_atime_ns, state.st_mtime_ns))


def _before(module: ModuleType, name: str, late: bool, act: Callable[[], None]) -> None:
    """Do something before (or after) the first call of a function."""
    call, done = getattr(module, name), []

    def wrapped(*arguments: Any, **options: Any) -> Any:
        if not late and not done:
            done.append(act())
        result = call(*arguments, **options)
        if late and not done:
            done.append(act())
        return result

    setattr(module, name, wrapped)
