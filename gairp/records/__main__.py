"""The interaction log from the command line: `python -m gairp.records describe | verify | compact`.

Exit codes: 0 well, 1 a check failed, 2 a mistake or a damaged log (the message says what to do).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from gairp.errors import GairpError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit code."""
    options = parser().parse_args(arguments)
    commands = {"describe": _describe, "verify": _verify, "compact": _compact}
    try:
        return commands[options.command](options)
    except GairpError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def parser() -> argparse.ArgumentParser:
    """The command line."""
    from gairp.records.compaction import BATCH

    top = argparse.ArgumentParser("python -m gairp.records", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    describe = commands.add_parser("describe", help="what a log holds, learner by learner")
    verify = commands.add_parser("verify", help="check every frame and that the events fit")
    compact = commands.add_parser("compact", help="add what is new in a journal to Parquet files")
    for command in (describe, verify, compact):
        command.add_argument("log", metavar="LOG", type=Path, help="the folder of the log")
    verify.add_argument(
        "--against", type=Path, metavar="LOG", help="also: this log holds the very same events"
    )
    compact.add_argument("--out", type=Path, required=True, metavar="DIR", help="where they go")
    compact.add_argument(
        "--batch", type=int, default=BATCH, metavar="N", help=f"events at a time (default: {BATCH})"
    )
    return top


def _describe(options: argparse.Namespace) -> int:
    from gairp.records.describe import described, summaries
    from gairp.records.log import open_log

    log = open_log(options.log)
    for line in described(summaries(log)):
        print(line)
    size = sum(path.stat().st_size for path in options.log.rglob("*") if path.is_file())
    print(f"{'compacted' if log.compacted else 'journal'}, {size:,} bytes on disk")
    return 0


def _verify(options: argparse.Namespace) -> int:
    from gairp.records.checks import Checker, first_difference
    from gairp.records.log import open_log

    log, checker = open_log(options.log), Checker()
    count = wrong = 0
    for numbered in log.numbered():
        count += 1
        for problem in checker.problems(numbered):
            wrong += 1
            if wrong <= 20:
                print(problem)
    if options.against is not None:
        difference = first_difference(log.numbered(), open_log(options.against).numbered())
        if difference is not None:
            wrong += 1
            print(difference)
    print(f"{count:,} events, {wrong:,} problems")
    return 1 if wrong else 0


def _compact(options: argparse.Namespace) -> int:
    from gairp.records.compaction import compact

    added = compact(options.log, options.out, batch=options.batch)
    count = added.seq - added.first
    print(
        f"{count:,} events added, from position {added.first:,}: {added.files:,} files, "
        f"{added.bytes:,} bytes, in {options.out}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
