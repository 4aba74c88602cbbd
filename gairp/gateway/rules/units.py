"""What a split or an affinity sticks to, and how units are shared out."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from gairp.gateway.rules.rule import By


def unit_of(by: By, facts: Mapping[str, Any], request_id: str) -> str:
    """The unit's name; "" where the request has none. Users and sessions are a tenant's own."""
    if by == "request":
        return request_id
    value = str(facts[by])
    if not value:
        return ""
    return value if by == "tenant" else f"{facts['tenant']}/{value}"


def share_of(text: str) -> float:
    """A number in [0, 1), the same for the same text, everywhere and always."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, person=b"split").digest()
    return int.from_bytes(digest, "little") * 2.0**-64
