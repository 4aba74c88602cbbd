"""A price, from a day on, and what a source of prices must be able to say."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Protocol

import msgspec

from gairp.errors import ConfigError


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """List price of one model, in USD per million tokens, from `valid_from` on.

    `model` is the name that the source lists it under, which can differ from the name asked for.
    `valid_from` is None where the source gives a price without a date. `cached_input_usd_per_mtok`
    is None where no discount for cached input is known.
    """

    model: str
    input_usd_per_mtok: float
    output_usd_per_mtok: float
    cached_input_usd_per_mtok: float | None = None
    source: str
    valid_from: date | None

    def __post_init__(self) -> None:
        for field in ("input_usd_per_mtok", "output_usd_per_mtok", "cached_input_usd_per_mtok"):
            value = getattr(self, field)
            if value is not None and not (math.isfinite(value) and value >= 0.0):
                raise ConfigError(
                    f"price of {self.model!r} in {self.source}: {field} is {value!r}; "
                    "give a finite number of USD per million tokens, 0 or more"
                )


class PriceSource(Protocol):
    """One place where prices are listed."""

    @property
    def name(self) -> str:
        """What error messages and price sheets call this source."""

    def entries(self, model: str) -> Sequence[Price]:
        """The prices of `model`, oldest first; empty where the source does not know it.

        Only the first may be undated: it then holds until the next one.
        """

    def names(self) -> Iterable[str]:
        """Every name that the source knows, to suggest near matches."""

    def note(self, model: str) -> str | None:
        """Why this source gives no price for `model`, where there is more to say than that."""


def parse_day(value: date | str, *, where: str) -> date:
    """A calendar day from a date, a datetime or ISO text; `where` names the setting in errors."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ConfigError(
            f"{where}: {value!r} is not a date; write it as YYYY-MM-DD, such as 2025-01-31"
        ) from None
