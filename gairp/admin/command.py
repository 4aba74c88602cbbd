"""The parser, and what every command has in common.

Exit codes: 0 well, 1 the audit log does not verify, 2 a mistake (the message says what to do).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from gairp.errors import GairpError, IntegrityError

#: Modules of commands, in the order of the help; each has `add(commands)`.
_ROOMS = ("accounts", "keys", "quotas", "issuers", "money", "trail", "content")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
        return 0
    except IntegrityError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except GairpError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gairp.admin",
        description="Tenants, keys, quotas, token issuers, usage, audit and content of a gateway. "
        "Works on its database: the gateway may run or not, and sees a change within about a "
        "second.",
        epilog="Exit codes: 0 well, 1 the audit log does not verify, 2 a mistake (the message says "
        "what to do).",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for room in _ROOMS:
        import_module(f"gairp.admin.{room}").add(commands)
    return parser
