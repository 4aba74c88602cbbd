"""`python -m benchmarks.gateway`: install the peers, measure in turns, end with one JSON line."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.gateway.contestants import contestants
from benchmarks.gateway.environments import MissingPeerError, debian
from benchmarks.gateway.load import Wrk
from benchmarks.gateway.memory import measure_memory
from benchmarks.gateway.process import LOAD_CORE
from benchmarks.gateway.report import machine, memory_line, ratios, table, verdicts
from benchmarks.gateway.rounds import measure

_WRK = ["wrk", "libluajit-5.1-2"]


def main() -> int:
    """0 where everything ran, whatever it measured."""
    options = _options()
    if (os.cpu_count() or 1) < 2:
        print("error: two cores are needed: one for the gateway, one for the load")
        return 2
    try:
        program = debian("wrk", _WRK)
    except MissingPeerError as error:
        print(f"error: the load generator wrk cannot be had: {error}")
        return 2
    everybody = contestants()
    if options.only:
        everybody = [one for one in everybody if one.name in options.only]
    if options.install:
        return 0
    os.sched_setaffinity(0, {LOAD_CORE})
    with tempfile.TemporaryDirectory(prefix="gairp-") as scratch:
        wrk = Wrk(program, Path(scratch))
        results = measure(everybody, wrk, rounds=options.rounds, seconds=options.seconds)
        print(f"{machine()}; medians of {options.rounds} rounds of {options.seconds} s")
        print(table(results, [one.name for one in everybody]), flush=True)
        ours = [one for one in everybody if one.name == "ours"]
        if ours and options.memory:
            print(memory_line(measure_memory(ours[0], wrk)))
    found = ratios(results)
    print("\n".join(verdicts(found)))
    rounded = {k: None if v is None else float(f"{v:.4g}") for k, v in found.items()}
    print(json.dumps(rounded))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="of a slice at 32 connections")
    parser.add_argument("--only", action="append", help="one contestant; may be repeated")
    parser.add_argument("--install", action="store_true", help="install the peers, measure nothing")
    parser.add_argument("--no-memory", dest="memory", action="store_false")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
