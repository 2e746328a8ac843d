"""What grids run on while their processes are killed: this machine, or three nodes of Ray on it."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from faults.process import _members as members

NODES, TRIES = 3, 12
FULL, FILLED = 0.15, 0.2  # of this machine's memory, above what is in use: where Ray kills, what is taken
SHORT = 20.0  # seconds that memory stays short at most
# of agents, whose node ends with them: several nodes of one machine would take the same
PORTS = ("dashboard-agent-listen", "dashboard-agent-grpc", "runtime-env-agent", "metrics-export")
READY = 300.0  # seconds that a node has to come up: the machine may do much else
PATIENT = {  # what Ray takes for the death of a node that is slow
    "RAY_gcs_server_request_timeout_seconds": "240",
    "RAY_gcs_rpc_server_reconnect_timeout_s": "240",
    "RAY_health_check_timeout_ms": "30000",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_memory_monitor_refresh_ms": "100",
}
TAKES = """
import sys
import numpy
taken = numpy.ones(int(sys.argv[1]), numpy.uint8)
sys.stdin.read()
"""


class Local:
    """Workers that the coordinator began."""

    name = "local"
    victims = ("worker", "coordinator")

    def cluster(self, nodes: Path) -> dict:
        """The content of cluster.yaml; `nodes` is a project of the nodes' own."""
        return {"engine": "local"}

    @contextlib.contextmanager
    def up(self, folder: Path) -> Iterator[None]:
        """While it can be used."""
        yield

    def whole(self) -> None:
        """Make up for what was killed."""

    def victim(self, kind: str, coordinator: int, draw: random.Random) -> int | None:
        """A process of this kind that is at work, or None for now."""
        if kind == "coordinator":
            return coordinator
        found = [number for number in members(coordinator) if b"spawn_main" in _line(number)]
        return draw.choice(sorted(found)) if found else None

    def strike(self, kind: str, victim: int) -> bool:
        """Kill a process; False where it outlived that."""
        os.kill(victim, signal.SIGKILL)
        return True


class Ray(Local):
    """Three nodes on this machine, each of one core."""

    name = "ray"
    victims = ("worker", "node", "coordinator", "memory")

    def __init__(self) -> None:
        self._port = _free()
        self._folder = Path()
        self._nodes: list[subprocess.Popen] = []
        self._used = 1.0  # share of this machine's memory before the nodes came up

    def cluster(self, nodes: Path) -> dict:
        """The content of cluster.yaml: results come back as bytes from another project's store."""
        settings = {"address": f"127.0.0.1:{self._port}", "project": str(nodes), "device": self._device()}
        return {"engine": "ray", "ray": settings}

    def _device(self) -> str:
        from vidattn.bench.system import environment

        return environment.device()

    @contextlib.contextmanager
    def up(self, folder: Path) -> Iterator[None]:
        """The head, then the other nodes; all that was begun here is ended in the end."""
        self._folder = folder
        total, free = _memory()
        self._used = 1 - free / total
        try:
            self.whole()
            yield
        finally:
            for node in self._nodes:
                _end(node)

    def whole(self) -> None:
        """Begin the nodes that are not alive; Ray gives one half a minute, which may be too short."""
        headless = self._nodes and not _raylets(self._nodes[0])
        for node in [node for node in self._nodes if headless or not _raylets(node)]:
            _end(node)
            self._nodes.remove(node)
        for _ in range(TRIES):
            if len(self._nodes) == NODES:
                return
            node = self._begin(head=not self._nodes)
            if self._is_up(node, len(self._nodes) + 1):
                self._nodes.append(node)
            else:
                _end(node)
        logs = "\n".join(path.read_text()[-400:] for path in self._folder.glob("node*.log"))
        raise RuntimeError(f"{NODES} nodes of Ray did not come up in {TRIES} tries:\n{logs}")

    def _begin(self, head: bool) -> subprocess.Popen:
        where = ["--head", f"--port={self._port}", "--include-dashboard=false", f"--temp-dir={self._folder}"]
        words = where if head else [f"--address=127.0.0.1:{self._port}"]
        words += ["--block", "--num-cpus=1", "--object-store-memory=80000000", "--include-log-monitor=false"]
        words += [f"--{name}-port={_free()}" for name in PORTS]
        command = [sys.executable, "-c", "from ray.scripts.scripts import main; main()", "start", *words]
        log = (self._folder / f"node{time.monotonic_ns()}.log").open("w")
        full = str(round(min(0.95, self._used + FULL), 3))
        environment = {**os.environ, **PATIENT, "RAY_memory_usage_threshold": full}
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)

    def _is_up(self, node: subprocess.Popen, nodes: int) -> bool:
        """Waits until so many nodes are there; False where the newest ended, or never came."""
        from ray._raylet import GcsClient

        deadline = time.monotonic() + READY
        while time.monotonic() < deadline and node.poll() is None:
            with contextlib.suppress(Exception):  # whatever a server throws that is not up yet
                infos = GcsClient(address=f"127.0.0.1:{self._port}").get_all_node_info(timeout=10)
                if sum(info.state == 0 for info in infos.values()) >= nodes and _raylets(node):
                    return True
            time.sleep(1)
        return False

    def victim(self, kind: str, coordinator: int, draw: random.Random) -> int | None:
        """A worker at a task, whatever ends it; the raylet of a node not the head; or the coordinator."""
        if kind == "coordinator":
            return coordinator
        nodes = self._nodes[1:] if kind == "node" else self._nodes
        if kind == "node":
            found = {number for node in nodes for number in _raylets(node)}
        else:
            found = _at_work(nodes)
        return draw.choice(sorted(found)) if found else None

    def strike(self, kind: str, victim: int) -> bool:
        """Kill a process; for `memory`, take so much of it that Ray kills workers, until it says so."""
        if kind != "memory":
            return super().strike(kind, victim)
        total, free = _memory()
        before, deadline = self._short(), time.monotonic() + SHORT
        amount = max(0, int((self._used + FILLED) * total) - (total - free))
        command = [sys.executable, "-c", TAKES, str(amount)]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as taker:
            while self._short() == before and time.monotonic() < deadline:
                time.sleep(0.05)
            taker.kill()
        return self._short() > before

    def _short(self) -> int:
        """How often Ray said that it killed for want of memory."""
        logs = self._folder.glob("session_2*/logs/raylet*.out")
        return sum(path.read_bytes().count(b"OOM kill reason") for path in logs)


EVERY = {"local": Local, "ray": Ray}


def _at_work(nodes: list[subprocess.Popen]) -> set[int]:
    """The workers of nodes that are at a task."""
    every = [number for node in nodes for number in members(node.pid)]
    lines = {number: _line(number) for number in every}
    return {
        number
        for number, line in lines.items()
        if line.startswith(b"ray::") and not line.startswith(b"ray::IDLE")
    }


def _memory() -> tuple[int, int]:
    """Bytes of this machine's memory: all, and what is to be had."""
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return tuple(1024 * int(lines[name].split()[0]) for name in ("MemTotal", "MemAvailable"))


def _raylets(node: subprocess.Popen) -> list[int]:
    """The process that is a node of Ray, as it was begun by another."""
    return [number for number in members(node.pid) if b"raylet/raylet" in _line(number).split(b"\0")[0]]


def _end(node: subprocess.Popen) -> None:
    """End a node with all that it began."""
    for number in members(node.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    node.wait()


def _line(number: int) -> bytes:
    """The command line of a process; empty where it is gone."""
    try:
        return Path(f"/proc/{number}/cmdline").read_bytes()
    except OSError:
        return b""


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
