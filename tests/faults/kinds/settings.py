"""params.yaml is damaged: it is refused with its name, or read as other settings, which have other keys."""

from faults import project
from faults.case import Case
from faults.judge import Verdict, ended, same, snapshot
from faults.kinds.damage import damage

SHARE = 2


def inject(case: Case) -> Verdict:
    """Damage; no finished run of before is another one now; with the file brought back, all is as before."""
    case.start("finished")
    path = case.work / "params.yaml"
    whole = path.read_bytes()
    damage(path, case.random)
    verdict, before = Verdict(), case.reference.files["finished"]
    ended(verdict, case.give(project.STEPS), ("params.yaml", "protocols.", "flows.", "actors"))
    for name, digest in snapshot(case.work).items():
        if name.startswith("data/store/runs/") and before.get(name, digest) != digest:
            verdict.add("wrong", f"{name} was made with other settings")
    path.write_bytes(whole)
    if ended(verdict, case.give(project.STEPS), must=True):  # all of them: cells.json follows from it, too
        stored = [n for n in snapshot(case.work) if n.startswith("data/store/") and n not in before]
        same(verdict, case.work, before, allowed=stored)  # what other settings made stays in the store
    return verdict
