"""The prices that a run used, fixed on a day, with a digest to log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import Any

from gairp.pricing.price import Price


class PriceSheet:
    """Prices by the name that was asked for, as of one day."""

    def __init__(self, *, as_of: date, prices: Mapping[str, Price]) -> None:
        self.as_of = as_of
        self.prices = dict(prices)

    def rows(self) -> list[dict[str, Any]]:
        """One plain row a model, sorted by name; None where a quantity is not known."""
        return [
            {
                "model": model,
                "listed_as": price.model,
                "input_usd_per_mtok": price.input_usd_per_mtok,
                "output_usd_per_mtok": price.output_usd_per_mtok,
                "cached_input_usd_per_mtok": price.cached_input_usd_per_mtok,
                "source": price.source,
                "valid_from": None if price.valid_from is None else price.valid_from.isoformat(),
            }
            for model, price in sorted(self.prices.items())
        ]

    @cached_property
    def digest(self) -> str:
        """sha256 over the day and the rows: equal exactly where every price is."""
        content = {"as_of": self.as_of.isoformat(), "rows": self.rows()}
        return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def summary(self) -> dict[str, str]:
        """What a run logs: the day and the digest."""
        return {"price_as_of": self.as_of.isoformat(), "price_digest": self.digest}
