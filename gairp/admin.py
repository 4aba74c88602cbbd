"""Usage, reconciliation and audit from the command line: `python -m gairp.admin`.

Exit codes: 0 well, 1 the audit log does not verify, 2 a mistake (the message says what to do).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gairp.errors import ConfigError, GairpError, IntegrityError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from gairp.gateway.ledger.usage import UsageRow

_HEAD = ("attempts", "input tokens", "output tokens", "USD", "USD held", "unpriced")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    options = _parser().parse_args(arguments)
    try:
        code: int = _COMMANDS[options.command](options)
        return code
    except IntegrityError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except GairpError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _usage(options: argparse.Namespace) -> int:
    from gairp.gateway.ledger.usage import usage

    by = options.by.split(",")
    rows = usage(_ledger(options), by, since=options.since, until=options.until)
    if options.json:
        for row in rows:
            print(json.dumps({**dict(zip(by, row.group, strict=True)), **_plain(row)}))
        return 0
    _print_table((*by, *_HEAD), [(*row.group, *_texts(row)) for row in rows])
    return 0


def _unknown(options: argparse.Namespace) -> int:
    from gairp.gateway.ledger.usage import unsettled

    rows = unsettled(_ledger(options))
    _print_table(("call", "tenant", "arm", "state", "USD held"), rows)
    return 0


def _reconcile(options: argparse.Namespace) -> int:
    from gairp.gateway.ledger.usage import reconcile

    tokens = options.input_tokens, options.output_tokens
    reconcile(_ledger(options), options.call_id, options.usd, tokens)
    print(f"{options.call_id}: settled at {options.usd:.9f} USD")
    return 0


def _audit(options: argparse.Namespace) -> int:
    from gairp.gateway.audit.chain import verify

    path = Path(options.home) / "audit.jsonl"
    if not path.exists():
        raise ConfigError(f"there is no audit log at {path}; give the gateway's --home")
    found = verify(path)
    print(f"{path}: {found.lines} lines, unbroken; the last hash is {found.head}")
    return 0


_COMMANDS = {"usage": _usage, "unknown": _unknown, "reconcile": _reconcile, "audit": _audit}


def _ledger(options: argparse.Namespace) -> Engine:
    from gairp.gateway.database.store import open_store

    url = options.ledger
    if url is None:
        path = Path(options.home) / "ledger.db"
        if not path.exists():
            raise ConfigError(
                f"there is no ledger at {path}; give the gateway's --home, or --ledger"
            )
        url = f"sqlite:///{path}"
    return open_store(url)


def _plain(row: UsageRow) -> dict[str, float]:
    return {key: value for key, value in row._asdict().items() if key != "group"}


def _texts(row: UsageRow) -> tuple[str, ...]:
    return (
        f"{row.attempts:,}", f"{row.input_tokens:,}", f"{row.output_tokens:,}",
        f"{row.cost_usd:.9f}", f"{row.held_usd:.9f}", f"{row.unpriced:,}",
    )  # fmt: skip


def _print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(str(row[i])) for row in (head, *rows)) for i in range(len(head))]
    for row in (head, *rows):
        print("  ".join(str(cell).ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gairp.admin",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text)
        made.add_argument("--home", default="outputs/gateway", help="the gateway's folder")
        made.add_argument("--ledger", help="the ledger's database, where it is not in that folder")
        return made

    used = command("usage", "tokens and dollars by tenant, model, day, …")
    used.add_argument("--by", default="tenant", help="dimensions, such as tenant,model,day")
    used.add_argument("--since", default="", help="first day, YYYY-MM-DD")
    used.add_argument("--until", default="9999", help="day after the last")
    used.add_argument("--json", action="store_true", help="a JSON object a line")
    command("unknown", "attempts whose cost nobody knows")
    bill = command("reconcile", "say what such an attempt did cost")
    bill.add_argument("call_id")
    bill.add_argument("--usd", type=float, required=True)
    bill.add_argument("--input-tokens", type=int, default=0)
    bill.add_argument("--output-tokens", type=int, default=0)
    command("audit", "verify the audit log; names the first line that was altered")
    return parser


if __name__ == "__main__":
    sys.exit(main())
