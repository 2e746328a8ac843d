"""The GPU that a run uses: the first that is visible, if the backend can use it."""

import importlib.metadata
import os
import re
import subprocess

GPU = re.compile(r"GPU (\d+): (.+) \(UUID: (GPU-[^)]+)\)")
SLICE = re.compile(r" +MIG (\S+) +Device +\d+: \(UUID: (MIG-[^)]+)\)")


def name() -> str:
    """Name of the GPU, "" where none is used; VIDATTN_DEVICE names what is not NVIDIA's.

    No backend is imported where the machine has no NVIDIA GPU.
    """
    if stated := os.environ.get("VIDATTN_DEVICE"):
        return stated
    found = visible(_listing(), os.environ.get("CUDA_VISIBLE_DEVICES"))
    return found if found and _used() else ""


def visible(listing: str, chosen: str | None) -> str:
    """Name of the first visible GPU, or of its first slice (MIG).

    Args:
        listing: What `nvidia-smi -L` prints.
        chosen: CUDA_VISIBLE_DEVICES: numbers, or beginnings of UUIDs; None where it is not set.
    """
    devices = _devices(listing)
    first = "" if chosen is None else chosen.split(",")[0].strip()
    if chosen is None:
        return devices[0][1] if devices else ""
    return next((name for ids, name in devices if _means(first, ids)), "")


def every(listing: str, chosen: str | None) -> list[tuple[str, str]]:
    """UUID and name of every visible GPU, or of each one's slice that is used; arguments as for `visible`."""
    devices = _devices(listing)
    asked = [] if chosen is None else [part.strip() for part in chosen.split(",")]
    seen = devices if chosen is None else [own for part in asked for own in devices if _means(part, own[0])]
    return [(ids[-1], name) for ids, name in seen]


def here() -> list[tuple[str, str]]:
    """UUID and name of every GPU of this machine that this process may use."""
    return every(_listing(), os.environ.get("CUDA_VISIBLE_DEVICES"))


def _devices(listing: str) -> list[tuple[list[str], str]]:
    """Number and UUIDs, and name, of each GPU."""
    devices: list[tuple[list[str], str]] = []
    whole = ""
    for line in listing.splitlines():
        if found := GPU.match(line):
            whole = found[2]
            devices.append(([found[1], found[3]], whole))
        elif found := SLICE.match(line):  # a GPU in slices is used through the first of them
            ids = devices.pop()[0] if devices[-1][1] == whole else []
            devices.append(([*ids, found[2]], f"{whole} MIG {found[1]}"))
    return devices


def _means(asked: str, ids: list[str]) -> bool:
    return asked in ids or any(asked and not asked.isdigit() and own.startswith(asked) for own in ids)


def _listing() -> str:
    try:
        done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


def _used() -> bool:
    """Whether the backend is a build for GPUs that finds one; takes no memory of it."""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    if backend == "jax":  # asked itself, it would take most of the memory
        return any(name.startswith("jax-cuda") for name in _packages())
    if backend == "torch":
        import torch

        return torch.cuda.is_available()
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def _packages() -> set[str]:
    found = (distribution.metadata["Name"] for distribution in importlib.metadata.distributions())
    return {name.lower().replace("_", "-") for name in found if name}
