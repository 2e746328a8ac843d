"""Peak memory of this process."""

import resource
import sys
from pathlib import Path


def reset() -> None:
    """Forget the peak so far, so that the next reading is of the next run alone (Linux only)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def memory_mb() -> float:
    """Largest resident size since `reset` (elsewhere than on Linux: since the start), in MB (1e6 bytes)."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return round(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6, 1)
    except (OSError, StopIteration):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return round(peak * (1 if sys.platform == "darwin" else 1024) / 1e6, 1)
