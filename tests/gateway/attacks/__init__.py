"""Attacks, each with what must come of it: docs/security.md prints the list, a test runs it."""

from tests.gateway.attacks import bodies, elsewhere, headers, keys, logs, tenants, tokens
from tests.gateway.attacks.listing import ATTACKS, Attack

__all__ = [
    "ATTACKS", "Attack", "bodies", "elsewhere", "headers", "keys", "logs", "tenants", "tokens",
]  # fmt: skip
