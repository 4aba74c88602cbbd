"""What the router asks of its driver."""

from __future__ import annotations

import msgspec

from gairp.types import Decision, Request


class Call(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Please ask this arm, and send the response."""

    request: Request
    decision: Decision
    number: int = 0  #: 0 for the first call of a decision, above it for retries
    id: str = ""


class Wait(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Please let this many seconds pass, and send None."""

    seconds: float


Step = Call | Wait
