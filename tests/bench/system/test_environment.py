"""The device of a record: the processor, and the GPU where the backend uses one."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from vidattn.bench.system import environment, gpu

TWO = """GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-aaaa-1)
GPU 1: Tesla T4 (UUID: GPU-bbbb-2)
"""
SLICED = """GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-cccc-3)
  MIG 3g.20gb     Device  0: (UUID: MIG-dddd-4)
  MIG 1g.5gb      Device  1: (UUID: MIG-eeee-5)
"""


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    for name in ("CUDA_VISIBLE_DEVICES", "VIDATTN_DEVICE"):
        monkeypatch.delenv(name, raising=False)
    environment.device.cache_clear()
    yield
    environment.device.cache_clear()


@pytest.mark.parametrize(
    ("listing", "chosen", "name"),
    [
        (TWO, None, "NVIDIA H100 80GB HBM3"),
        (TWO, "1", "Tesla T4"),
        (TWO, "1,0", "Tesla T4"),
        (TWO, "GPU-bbbb", "Tesla T4"),
        (TWO, "", ""),
        (TWO, "-1", ""),
        (TWO, "7", ""),
        (SLICED, None, "NVIDIA A100-SXM4-40GB MIG 3g.20gb"),
        (SLICED, "0", "NVIDIA A100-SXM4-40GB MIG 3g.20gb"),
        (SLICED, "MIG-eeee-5", "NVIDIA A100-SXM4-40GB MIG 1g.5gb"),
        ("No devices were found\n", None, ""),
    ],
)
def test_the_first_visible_gpu_is_named(listing, chosen, name):
    assert gpu.visible(listing, chosen) == name


def listed(monkeypatch, listing, used):
    monkeypatch.setattr(
        subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, stdout=listing, stderr="")
    )
    monkeypatch.setattr(gpu, "_used", lambda: used)


def test_a_gpu_that_the_backend_uses_is_part_of_the_device(monkeypatch):
    listed(monkeypatch, "", used=True)
    processor = environment.device()
    for used, device in ((True, f"{processor}, NVIDIA H100 80GB HBM3"), (False, processor)):
        environment.device.cache_clear()
        listed(monkeypatch, TWO, used)  # not used: TensorFlow's build for processors, beside a GPU
        assert environment.device() == device


def test_without_a_gpu_the_device_is_the_processor_and_no_backend_is_asked(monkeypatch):
    def absent(*_, **__):
        raise FileNotFoundError("nvidia-smi")

    monkeypatch.setattr(subprocess, "run", absent)
    monkeypatch.setattr(gpu, "_used", None)
    assert gpu.name() == "" and environment.device()
    assert not environment.device().endswith(", ")


@pytest.mark.parametrize("found", [True, False])
def test_the_backend_says_whether_it_uses_a_gpu(monkeypatch, found):
    config = SimpleNamespace(list_physical_devices=lambda kind: [kind] * found)
    cuda = SimpleNamespace(is_available=lambda: found)
    monkeypatch.setitem(sys.modules, "tensorflow", SimpleNamespace(config=config))
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    monkeypatch.setattr(gpu, "_packages", lambda: {"jax-cuda12-plugin"} if found else {"jax"})
    for backend in ("tensorflow", "torch", "jax"):
        monkeypatch.setenv("KERAS_BACKEND", backend)
        assert gpu._used() is found


def test_installed_packages_are_listed():
    assert {"jax", "numpy", "tensorflow-cpu"} & gpu._packages()
