"""Saying what an attempt of unknown cost did cost."""

from __future__ import annotations

import math

from sqlalchemy import update

from gairp.errors import ConfigError, DataError
from gairp.gateway.ledger.tables import ATTEMPTS
from gairp.gateway.limits.purse import PICO
from gairp.gateway.tenants.desk import Desk

_MOST_USD = 1e6


def reconcile(desk: Desk, call_id: str, usd: float, tokens: tuple[int, int] = (0, 0)) -> None:
    """Settle an attempt as the vendor's bill has it; an action in the audit trail.

    `tokens` are those of prompt and answer. Raises ConfigError for an amount that cannot be, and
    DataError where no attempt of this name is of unknown cost.
    """
    if not (math.isfinite(usd) and 0.0 <= usd <= _MOST_USD) or min(tokens) < 0:
        raise ConfigError(f"{usd} USD for {tokens} tokens cannot be; give amounts of 0 or more")
    rows = (ATTEMPTS.c.call_id == call_id) & ATTEMPTS.c.state.in_(("unknown", "intent"))
    values = {
        "state": "settled", "cost_pico": round(usd * PICO), "input_tokens": tokens[0],
        "output_tokens": tokens[1],
    }  # fmt: skip
    told = {"usd": usd, "input_tokens": tokens[0], "output_tokens": tokens[1]}
    with desk.change("reconcile", call_id, **told) as connection:
        if not connection.execute(update(ATTEMPTS).where(rows).values(**values)).rowcount:
            raise DataError(
                f"no attempt {call_id[:200]!r} of unknown cost is in the ledger; "
                "`python -m gairp.admin unknown` lists those that are"
            )
