"""No fault: the judge itself, on a project to which nothing happens."""

from faults.case import Case
from faults.judge import Verdict, same

SHARE = 0.5


def inject(case: Case) -> Verdict:
    """From any stage to the end."""
    stage = case.random.choice(("raw", "stored", "half"))
    case.start(stage)
    verdict = Verdict()
    case.aftermath(verdict, stage)
    same(verdict, case.work, case.reference.files["finished"])
    return verdict
