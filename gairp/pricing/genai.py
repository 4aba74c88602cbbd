"""Prices from the package genai-prices, which keeps a history for the models that changed.

Two things it knows are simplified here, and the source's name says which version was read:
a price that depends on the time of day is taken at noon UTC, and of a price that depends on the
length of the input the base tier is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Any

from gairp.pricing.price import Price

_BEFORE_ALL = date(1970, 1, 1)


class GenaiPrices:
    """A source made from the installed package; imported at the first question."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Price, ...]] = {}

    @cached_property
    def name(self) -> str:
        from importlib.metadata import version

        return f"genai-prices {version('genai-prices')}"

    def entries(self, model: str) -> Sequence[Price]:
        if model not in self._known:
            found = self._find(model)
            self._known[model] = () if found is None else self._history(*found)
        return self._known[model]

    def names(self) -> Iterable[str]:
        for provider in self._snapshot.providers:
            for model in provider.models:
                yield f"{provider.id}/{model.id}"

    def note(self, model: str) -> str | None:
        return None

    @cached_property
    def _snapshot(self) -> Any:
        from genai_prices.data_snapshot import get_snapshot

        return get_snapshot()

    def _find(self, model: str) -> tuple[Any, Any] | None:
        provider, _, rest = model.partition("/")
        for name, provider_id in ((rest, provider), (model, None)):
            if not name:
                continue
            try:
                found: tuple[Any, Any] = self._snapshot.find_provider_model(
                    name, None, provider_id, None
                )
                return found
            except LookupError:
                continue
        return None

    def _history(self, provider: Any, model: Any) -> tuple[Price, ...]:
        starts = sorted(set(_start_dates(model.prices)))
        days: list[date | None] = [None, *starts]
        prices = (self._price(f"{provider.id}/{model.id}", model, day) for day in days)
        return tuple(price for price in prices if price is not None)

    def _price(self, label: str, model: Any, day: date | None) -> Price | None:
        noon = datetime.combine(day or _BEFORE_ALL, time(12), tzinfo=UTC)
        listed = model.get_prices(noon)
        paid, answered = _usd(listed.input_mtok), _usd(listed.output_mtok)
        if not paid or not answered:  # absent or zero: no price to bill by
            return None
        return Price(
            model=label,
            input_usd_per_mtok=paid,
            output_usd_per_mtok=answered,
            cached_input_usd_per_mtok=_usd(listed.cache_read_mtok),
            source=self.name,
            valid_from=day,
        )


def _start_dates(prices: Any) -> Iterable[date]:
    for conditional in prices if isinstance(prices, list) else ():
        start = getattr(conditional.constraint, "start_date", None)
        if start is not None:
            yield start


def _usd(value: Any) -> float | None:
    if value is None:
        return None
    return float(getattr(value, "base", value))
