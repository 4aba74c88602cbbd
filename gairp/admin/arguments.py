"""Pieces of the parser that several commands share."""

from __future__ import annotations

import argparse
import getpass
import re
from collections.abc import Callable
from typing import Any

Run = Callable[[argparse.Namespace], None]
Commands = Any  #: what `add_subparsers` gives; argparse has no public name for it
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def command(commands: Commands, name: str, text: str, run: Run) -> argparse.ArgumentParser:
    """A command that works on a gateway's folder and database."""
    made: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    made.add_argument("--home", default="outputs/gateway", help="the gateway's folder")
    made.add_argument("--ledger", help="the database's URL, where it is not in that folder")
    made.set_defaults(run=run)
    return made


def change(commands: Commands, name: str, text: str, run: Run) -> argparse.ArgumentParser:
    """A command whose doing is an action in the audit trail, and who did it."""
    made = command(commands, name, text, run)
    made.add_argument("--actor", default=whoami(), help="who does this, as the audit trail has it")
    return made


def group(commands: Commands, name: str, text: str) -> Commands:
    """A noun, whose verbs are commands below it."""
    parser = commands.add_parser(name, help=text, description=text)
    return parser.add_subparsers(dest="verb", required=True, metavar="VERB")


def whoami() -> str:
    """The name of the user of this process."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container may have no user of this number
        return "cli"


def seconds(text: str) -> float:
    """`90`, `15m`, `24h` or `7d`, in seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; give such as 90s, 15m, 24h, 7d")
    return float(match[1]) * _UNITS[match[2]]


def words(text: str) -> list[str]:
    """The parts between commas."""
    return [word.strip() for word in text.split(",") if word.strip()]
