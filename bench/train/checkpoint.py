"""Checkpoints: everything a run needs to go on after a kill, in one npz without objects."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np

from vidattn.data.files import atomic


def save(path: Path, variables: list[np.ndarray], weights: list[np.ndarray] | None, notes: dict) -> None:
    """Write all variables (model, optimiser, random states), the selected weights and notes atomically."""
    arrays = {f"v{i}": np.asarray(v) for i, v in enumerate(variables)}
    arrays |= {f"w{i}": w for i, w in enumerate(weights or [])}
    arrays["notes"] = np.frombuffer(json.dumps(notes).encode(), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    atomic.write(path, buffer.getvalue())


def load(path: Path) -> tuple[list[np.ndarray], list[np.ndarray], dict] | None:
    """What `save` wrote, or None where there is no usable checkpoint."""
    try:
        with np.load(path, allow_pickle=False) as file:
            notes = json.loads(file["notes"].tobytes())
            return _series(file, "v"), _series(file, "w"), notes
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        return None


def _series(file, letter: str) -> list[np.ndarray]:
    count = sum(name[0] == letter and name[1:].isdigit() for name in file.files)
    return [file[f"{letter}{i}"] for i in range(count)]
