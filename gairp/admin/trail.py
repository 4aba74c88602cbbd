"""`audit` and `actions`: what happened, and whether it stands as it was written."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from gairp.admin.arguments import Commands, command
from gairp.admin.place import store
from gairp.admin.table import formats, show
from gairp.errors import ConfigError

_ACTIONS = ("seq", "at", "actor", "action", "target", "details")


def add(commands: Commands) -> None:
    """Add them to the parser."""
    command(
        commands, "audit",
        "verify the chains of calls (audit.jsonl) and of what administrators did (the database); "
        "names the first line that was altered", _audit,
    )  # fmt: skip
    done = command(commands, "actions", "what administrators did", _actions)
    done.add_argument("--after", type=int, default=-1, help="from behind this number")
    done.add_argument("--limit", type=int, default=1000, help="so many at most (default: 1000)")
    formats(done)


def _audit(options: argparse.Namespace) -> None:
    from gairp.gateway.audit.actions import verify_actions
    from gairp.gateway.audit.chain import verify

    path, database = Path(options.home) / "audit.jsonl", Path(options.home) / "ledger.db"
    stored = options.ledger is not None or database.exists()
    if not path.exists() and not stored:
        raise ConfigError(f"there is no audit log at {path}; give the gateway's --home")
    if path.exists():
        found = verify(path)
        print(f"{path}: {found.lines} lines, unbroken; the last hash is {found.head}")
    if stored:
        found = verify_actions(store(options))
        print(f"admin_actions: {found.lines} rows, unbroken; the last hash is {found.head}")


def _actions(options: argparse.Namespace) -> None:
    from gairp.gateway.audit.actions import actions

    rows = []
    for action in actions(store(options), after=options.after, limit=options.limit):
        row = {name: getattr(action, name) for name in _ACTIONS}
        rows.append(row if options.json else {**row, "details": json.dumps(row["details"])})
    show(options, _ACTIONS, rows)
