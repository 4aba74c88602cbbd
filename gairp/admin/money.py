"""`usage`, `unknown` and `reconcile`: what the ledger says."""

from __future__ import annotations

import argparse

from gairp.admin.arguments import Commands, change, command, words
from gairp.admin.place import desk, store
from gairp.admin.table import formats, show

_SUMS = ("attempts", "input_tokens", "output_tokens", "cost_usd", "held_usd", "unpriced")
_UNKNOWN = ("call", "tenant", "arm", "state", "held_usd")


def add(commands: Commands) -> None:
    """Add them to the parser."""
    used = command(commands, "usage", "tokens and dollars by tenant, model, day, …", _usage)
    used.add_argument(
        "--by", type=words, default=["tenant"],
        help="dimensions, such as tenant,model,day (default: tenant)",
    )  # fmt: skip
    used.add_argument("--since", default="", help="first day, YYYY-MM-DD")
    used.add_argument("--until", default="9999", help="day after the last")
    formats(used)
    formats(command(commands, "unknown", "attempts whose cost nobody knows", _unknown))
    bill = change(commands, "reconcile", "say what such an attempt did cost", _reconcile)
    bill.add_argument("call_id")
    bill.add_argument("--usd", type=float, required=True)
    bill.add_argument("--input-tokens", type=int, default=0)
    bill.add_argument("--output-tokens", type=int, default=0)


def _usage(options: argparse.Namespace) -> None:
    from gairp.gateway.ledger.usage import usage

    found = usage(store(options), options.by, since=options.since, until=options.until)
    rows = [
        {
            **dict(zip(options.by, row.group, strict=True)),
            **{name: getattr(row, name) for name in _SUMS},
        }
        for row in found
    ]
    show(options, (*options.by, *_SUMS), rows)


def _unknown(options: argparse.Namespace) -> None:
    from gairp.gateway.ledger.usage import unsettled

    rows = [dict(zip(_UNKNOWN, row, strict=True)) for row in unsettled(store(options))]
    show(options, _UNKNOWN, rows)


def _reconcile(options: argparse.Namespace) -> None:
    from gairp.gateway.ledger.reconcile import reconcile

    tokens = options.input_tokens, options.output_tokens
    reconcile(desk(options), options.call_id, options.usd, tokens)
    print(f"{options.call_id}: settled at {options.usd:.9f} USD")
