"""One process beside two workers and a learner: `python -m benchmarks.gateway.workers`.

Requests a second say little where load, upstream and gateway share the cores; the processor time
that each process takes for a request says how far more cores would carry.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from benchmarks.gateway.load import Target, Wrk, answers
from benchmarks.gateway.ours import KEY, settings
from benchmarks.gateway.process import ROOT, free_port

_TICKS = os.sysconf("SC_CLK_TCK")
_SERVE = """
import sys, msgspec
from gairp.gateway.serving import serve
from gairp.gateway.settings import GatewaySettings
serve(msgspec.json.decode(sys.stdin.buffer.read(), type=GatewaySettings))
"""


def main() -> None:
    """Print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway.workers")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    upstream = free_port()
    served = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.gateway.upstream", str(upstream)], cwd=ROOT
    )
    try:
        for workers in options.workers:
            print(_measured(workers, upstream, options.seconds), flush=True)
    finally:
        served.terminate()
        served.wait()


def _measured(workers: int, upstream: int, seconds: int) -> str:
    with tempfile.TemporaryDirectory(prefix="gairp-") as scratch:
        home, port = Path(scratch), free_port()
        made = settings(upstream, port, home)
        keys = [
            {name: value for name, value in key.items() if name != "quota"} for key in made.keys
        ]
        made = msgspec.structs.replace(made, workers=workers, keys=keys)
        gateway = subprocess.Popen(
            [sys.executable, "-c", _SERVE], stdin=subprocess.PIPE, cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert gateway.stdin is not None
        gateway.stdin.write(msgspec.json.encode(made))
        gateway.stdin.close()
        target = Target(
            port=port, path="/v1/chat/completions", model="gairp/auto",
            headers={"authorization": f"Bearer {KEY}"},
        )  # fmt: skip
        try:
            _listens(port)
            assert answers(target, 60.0), "the gateway does not answer"
            return _loaded(home, workers, target, Wrk(Path("wrk"), home), seconds)
        finally:
            gateway.terminate()
            gateway.wait()


def _loaded(home: Path, workers: int, target: Target, wrk: Wrk, seconds: int) -> str:
    names = {"gateway": home} if workers == 1 else {"learner": home}
    if workers > 1:
        names |= {f"worker {n}": home / "workers" / str(n) for n in range(1, workers + 1)}
    wrk.run(target, connections=32, seconds=1, stream=False)  # warm
    before = {name: _cpu_s(folder) for name, folder in names.items()}
    found = wrk.run(target, connections=32, seconds=seconds, stream=False)
    spent = {name: _cpu_s(folder) - before[name] for name, folder in names.items()}
    serving = {name: s for name, s in spent.items() if name != "learner"}
    total, most = sum(serving.values()), max(serving.values())
    told = [f"{found.a_second:,.0f} requests a second", f"{found.failed} failed"]
    told.append(f"{1e6 * total / found.requests:.0f} us of a serving core a request")
    if workers > 1:
        told.append(f"the busiest worker took {100 * most / total:.0f}% of that")
        told.append(f"the learner {1e6 * spent['learner'] / found.requests:.0f} us a request")
    return f"workers={workers}: " + "; ".join(told)


def _cpu_s(folder: Path) -> float:
    """Of the process that writes the journal here."""
    pid = (folder / "journal" / "writer.lock").read_text().strip()
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _listens(port: int) -> None:
    due = time.monotonic() + 60.0
    while time.monotonic() < due:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("the gateway does not listen")


if __name__ == "__main__":
    main()
