"""From when on the price was in force that an attempt was billed at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from gairp.pricing import PriceCatalogue
from gairp.types import Arm

UNDATED = "undated"  #: the source gives the price without a date


class PriceDates:
    """Looks into the same catalogue, on the same day, as whoever made the bill."""

    def __init__(self, arms: Mapping[str, Arm], catalogue: PriceCatalogue) -> None:
        self._arms, self._catalogue = dict(arms), catalogue
        self._found: dict[tuple[str, str, str], str | None] = {}
        self._day = ""

    def of(self, model: str, arm: str, day: str) -> str | None:
        """Of the model that answered, else of the arm; YYYY-MM-DD, and None without a price."""
        if day != self._day:
            self._found, self._day = {}, day
        key = (model, arm, day)
        if key not in self._found:
            self._found[key] = self._look(model, arm, date.fromisoformat(day))
        return self._found[key]

    def _look(self, model: str, name: str, day: date) -> str | None:
        arm = self._arms.get(name)
        asked = model if arm is None else arm.price_key or arm.model
        own = arm is not None and model in ("", arm.model)
        for candidate in (asked,) if own else (model, asked):
            price = self._catalogue.find(candidate, as_of=day)
            if price is not None:
                return UNDATED if price.valid_from is None else price.valid_from.isoformat()
        return None
