"""`python -m benchmarks.soak`: load and faults; ends with one JSON line."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import msgspec

from benchmarks.soak.account import account
from benchmarks.soak.books import read_books
from benchmarks.soak.child import SoakError
from benchmarks.soak.report import report
from benchmarks.soak.run import Options, Soak
from benchmarks.soak.services import has_postgres, has_redis


def main() -> int:
    """0 where all promises were kept, 1 where one was not, 2 where it could not be tried."""
    arguments = _arguments()
    options = Options(
        seconds=arguments.seconds,
        connections=arguments.connections,
        kills=arguments.kills,
        seed=arguments.seed,
        workers=arguments.workers,
        postgres=_wanted(arguments.ledger == "postgres", has_postgres(), "PostgreSQL", "SQLite"),
        redis=_wanted(arguments.limits == "redis", has_redis(), "Redis", "the gateway's memory"),
    )
    with tempfile.TemporaryDirectory(prefix="gairp-", ignore_cleanup_errors=True) as scratch:
        folder = Path(arguments.folder or scratch)
        try:
            with Soak(options, folder, say=lambda text: print(text, flush=True)) as soak:
                soaked = soak.run()
                lines = b"\n".join(map(msgspec.json.encode, soaked.load.answers))
                (folder / "answers.jsonl").write_bytes(lines)
                found = account(soaked, read_books(soaked))
        except SoakError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
    print(report(options, soaked, found))
    print(json.dumps(found.summary()))
    return 1 if found.broken() else 0


def _wanted(wanted: bool, there: bool, name: str, instead: str) -> bool:
    if wanted and not there:
        print(f"NO {name.upper()}: {instead} takes its place; install it to have it stopped and "
              "started too", flush=True)  # fmt: skip
    return wanted and there


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=150.0, help="of load")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--kills", type=int, default=3, help="of the gateway")
    parser.add_argument("--workers", type=int, default=1, help="several need Redis")
    parser.add_argument("--ledger", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--limits", choices=("redis", "memory"), default="redis")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", help="keep everything here, in a new folder")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
