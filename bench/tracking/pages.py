"""MLflow's pages in the browser: serve the local store, or say where a server has them."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress

from vidattn.bench.tracking import leaderboard, mirror

MODELS = "workflowType=machine_learning"  # else the pages' frame is that for chat bots


def ui(uri: str | None = None, host: str = "127.0.0.1", port: int = 5000) -> int:
    """Open MLflow's pages on the local store until interrupted; for a remote server print its address."""
    address = mirror.address(uri)
    remote = address.startswith("http")
    for name, link in links(uri, address if remote else f"http://{host}:{port}").items():
        print(f"{name}: {link}")
    if remote:
        return 0
    with socket.socket() as probe:
        if probe.connect_ex((host, port)) == 0:
            raise OSError(
                f"Port {port} of {host} is in use. Take another one: vidattn mlflow ui --port {port + 1}"
            )
    print("Ctrl-C ends it.")
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", address]
    command += ["--host", host, "--port", str(port)]
    # A session of its own: MLflow starts workers, and none is to outlive this process.
    # One of them answers one reader; four, MLflow's default, each import all of it before the first page.
    environment = {"MLFLOW_WORKERS": "1", **os.environ, **mirror.QUIET}
    server = subprocess.Popen(command, env=environment, start_new_session=True)
    _end_with_this_process(server.pid)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)


def _end_with_this_process(group: int) -> None:
    """End a group of processes as soon as this one is gone, be it killed without a chance to do so itself."""
    wait = "import os, sys; sys.stdin.read(); os.killpg(int(sys.argv[1]), 15)"  # a pipe ends with its writer
    command = [sys.executable, "-c", wait, str(group)]
    subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)


def links(uri: str | None, base: str) -> dict[str, str]:
    """Experiment -> address of its page, one line a cell; the leaderboard and its chart come first."""
    found = mirror.connect(uri).search_experiments(order_by=["name"])
    found = sorted(found, key=lambda experiment: experiment.name != leaderboard.NAME)
    page = f"{base.rstrip('/')}/#/experiments/{{}}/runs?viewStateShareKey={mirror.VIEW}&{MODELS}"
    shown = {e.name: page.format(e.experiment_id) for e in found if e.name != "Default"}
    if leaderboard.NAME not in shown:
        return shown
    chart = {"accuracy against FLOPs": f"{shown[leaderboard.NAME]}&compareRunsMode=CHART"}
    return {leaderboard.NAME: shown.pop(leaderboard.NAME), **chart, **shown}
