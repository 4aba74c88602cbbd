"""The list of attacks, and what they share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from tests.gateway.attack_world import AttackWorld

Run = Callable[[AttackWorld], Awaitable[str]]


class Attack(NamedTuple):
    """`result` is what `run` must give."""

    kind: str
    what: str
    result: str
    run: Run


ATTACKS: list[Attack] = []


def attack(kind: str, what: str, result: str) -> Callable[[Run], Run]:
    """Put a function on the list."""

    def listed(run: Run) -> Run:
        ATTACKS.append(Attack(kind, what, result, run))
        return run

    return listed


def same(found: list[str]) -> str:
    """The one thing that all of them are; all where they differ."""
    return found[0] if len(set(found)) == 1 else ", ".join(dict.fromkeys(found))


async def a_decision(it: AttackWorld, who: str = "acme") -> str:
    """The id of a decision of theirs."""
    return str((await it.chat(who, model="gairp/auto")).headers["x-gairp-decision-id"])
