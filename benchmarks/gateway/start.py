"""From the command to the first request that would be taken: `python -m benchmarks.gateway.start`.

As anybody starts it, on a home that one has served in before; SQLite has the ledger, prices come
from the long list, and no model server is asked. Python finds its bytecode, as where the package
was installed or has run before. Processor time is the sum of all processes of the gateway at that
moment; on a machine that does other things as well it says more than the clock.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

import yaml

from benchmarks.gateway.process import ROOT, free_port

_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENT_S = 120.0


class Started(NamedTuple):
    """Seconds until `/ready` said 200."""

    wall_s: float
    cpu_s: float


def main() -> None:
    """Print a line for each number of workers."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway.start")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--times", type=int, default=3, help="the best of so many")
    options = parser.parse_args()
    for workers in options.workers:
        with tempfile.TemporaryDirectory(prefix="gairp-") as scratch:
            folder, port = Path(scratch), free_port()
            _configure(folder, port, workers)
            _once(folder, port)  # makes the database
            all_ = [_once(folder, port) for _ in range(options.times)]
        print(f"{workers} {'worker ' if workers == 1 else 'workers'}  ready after "
              f"{min(s.cpu_s for s in all_):.2f} s of processor time, "
              f"{min(s.wall_s for s in all_):.2f} s by the clock", flush=True)  # fmt: skip


def _configure(folder: Path, port: int, workers: int) -> None:
    (folder / "conf" / "serving").mkdir(parents=True)
    values = {
        "defaults": ["base", "_self_"], "port": port, "home": f"{folder}/home", "workers": workers,
        "backends": {"near": {"base_url": "http://127.0.0.1:1/v1"}},
        "arms": {name: {"backend": "near", "model": name} for name in ("small", "large")},
        "utility": {"cost_weight": 0.0},
        "keys": [{"id": "k", "tenant": "t", "sha256": "0" * 64}],
    }  # fmt: skip
    path = folder / "conf" / "serving" / "start.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")


def _once(folder: Path, port: int) -> Started:
    command = [
        sys.executable, "-m", "gairp.serve", "--config-dir", f"{folder}/conf", "serving=start",
        f"hydra.run.dir={folder}/hydra",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": f"{folder}/bytecode"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    begun = time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as gateway:
        try:
            while not _ready(port):
                if gateway.poll() is not None or time.monotonic() > begun + _PATIENT_S:
                    raise SystemExit("the gateway did not start")
                time.sleep(0.01)
            return Started(time.monotonic() - begun, _cpu_s(gateway.pid))
        finally:
            gateway.send_signal(signal.SIGTERM)


def _ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/ready") as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _cpu_s(pid: int) -> float:
    """Of the process, and of all below it."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    own = sum(map(int, fields[11:13])) / _TICKS
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return own + sum(_cpu_s(int(child)) for child in children)


if __name__ == "__main__":
    main()
