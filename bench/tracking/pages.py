"""MLflow's pages in the browser: serve the local store, or say where a server has them."""

import os
import subprocess
import sys

from vidattn.bench.tracking import mirror

MODELS = "workflowType=machine_learning"  # else the pages' frame is that for chat bots


def ui(uri: str | None = None, host: str = "127.0.0.1", port: int = 5000) -> int:
    """Open MLflow's pages on the local store until interrupted; for a remote server print its address."""
    address = mirror.address(uri)
    remote = address.startswith("http")
    for name, link in links(uri, address if remote else f"http://{host}:{port}").items():
        print(f"{name}: {link}")
    if remote:
        return 0
    print("Ctrl-C ends it.")
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", address]
    command += ["--host", host, "--port", str(port)]
    try:
        return subprocess.call(command, env={**os.environ, **mirror.QUIET})
    except KeyboardInterrupt:
        return 0


def links(uri: str | None, base: str) -> dict[str, str]:
    """Suite -> address of its comparison: one line a cell, with the columns that tell cells apart."""
    found = mirror.connect(uri).search_experiments(order_by=["name"])
    page = f"{base.rstrip('/')}/#/experiments/{{}}/runs?viewStateShareKey={mirror.VIEW}&{MODELS}"
    return {e.name: page.format(e.experiment_id) for e in found if e.name != "Default"}
