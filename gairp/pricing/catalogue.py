"""The dated catalogue: which price was in force for a model on a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Literal

import msgspec

from gairp.errors import ConfigError, PriceError
from gairp.pricing.price import Price, PriceSource, parse_day
from gairp.pricing.sheet import PriceSheet

BeforeFirst = Literal["error", "nearest"]


class PriceCatalogue:
    """Sources of prices in order of priority: the first that knows a model decides.

    `as_of` is the day that questions without a day mean; there is no default of "today", because
    a study must give the same costs next year. `before_first` says what happens on a day before a
    model's first dated price: "error", or "nearest" to take that first price and say so in its
    source. `aliases` lets a name be priced as another one.
    """

    def __init__(
        self,
        *,
        sources: Sequence[PriceSource],
        as_of: date | str | None = None,
        before_first: BeforeFirst = "error",
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        if before_first not in ("error", "nearest"):
            raise ConfigError(
                f"prices.before_first: {before_first!r} is unknown; use 'error' or 'nearest'"
            )
        self.sources = tuple(sources)
        self.as_of = None if as_of is None else parse_day(as_of, where="prices.as_of")
        self.before_first = before_first
        self.aliases = dict(aliases or {})

    def price(self, model: str, *, as_of: date | str | None = None) -> Price:
        """The price in force: the latest entry that is not after `as_of`.

        Raises PriceError, naming the model, the day, the sources looked into, near matches and the
        remedy; never answers $0 for want of a price.
        """
        day = self._day(as_of)
        name = self.aliases.get(model, model)
        for source in self.sources:
            if entries := source.entries(name):
                return self._in_force(model, entries, day)
        raise self._unknown(model, name, day)

    def find(self, model: str, *, as_of: date | str | None = None) -> Price | None:
        """As `price`, for who can do without: None, and no search for near matches, which takes as
        long as a second where many models are listed.
        """
        day, name = self._day(as_of), self.aliases.get(model, model)
        for source in self.sources:
            if entries := source.entries(name):
                try:
                    return self._in_force(model, entries, day)
                except PriceError:
                    return None
        return None

    def read(self) -> None:
        """Have every source in memory: the last of them is long, and read at its first question."""
        for source in self.sources:
            source.entries("-")

    def sheet(self, models: Iterable[str], *, as_of: date | str | None = None) -> PriceSheet:
        """The prices in force for `models`, in their order, with a digest to log."""
        day = self._day(as_of)
        return PriceSheet(as_of=day, prices={m: self.price(m, as_of=day) for m in models})

    def _day(self, as_of: date | str | None) -> date:
        if as_of is not None:
            return parse_day(as_of, where="as_of")
        if self.as_of is None:
            raise ConfigError(
                "no day to price at: set prices.as_of to a date such as 2025-01-31 "
                "(prices change, so there is no default)"
            )
        return self.as_of

    def _in_force(self, model: str, entries: Sequence[Price], day: date) -> Price:
        for price in reversed(entries):
            if price.valid_from is None or price.valid_from <= day:
                return price
        first = entries[0]
        if self.before_first == "nearest":
            return _nearest(first, day)
        raise PriceError(
            f"no price for {model!r} on {day}: the first one known, in {first.source} as "
            f"{first.model!r}, is from {first.valid_from}. Set prices.as_of to that day or later, "
            "or prices.before_first=nearest to take it, or state an earlier price yourself:\n"
            + _snippet(model, day)
        )

    def _unknown(self, model: str, name: str, day: date) -> PriceError:
        asked = repr(model) if name == model else f"{model!r} (an alias of {name!r})"
        looked = ", ".join(source.name for source in self.sources) or "no source at all"
        notes = [note for source in self.sources if (note := source.note(name))]
        near = self._near(name)
        return PriceError(
            f"no price for {asked} on {day}; looked into: {looked}. "
            + "".join(f"{note}. " for note in notes)
            + (f"Near matches: {', '.join(near)}. " if near else "Nothing similar is listed. ")
            + "Put its price into a YAML file and name that in prices.user_files:\n"
            + _snippet(model, day)
        )

    def _near(self, name: str) -> list[str]:
        """Names whose part after the provider resembles that of `name`, the likeliest first."""
        tails: dict[str, list[str]] = {}
        for source in self.sources:
            for known in source.names():
                tails.setdefault(_tail(known), []).append(known)
        close = get_close_matches(_tail(name), tails, n=5, cutoff=0.7)
        names = dict.fromkeys(known for tail in close for known in sorted(tails[tail])[:3])
        return list(names)[:8]


def _tail(name: str) -> str:
    return name.rpartition("/")[2].lower()


def _nearest(first: Price, day: date) -> Price:
    source = f"{first.source} (nearest: first known, asked for {day})"
    return msgspec.structs.replace(first, source=source)


def _snippet(model: str, day: date) -> str:
    return (
        "models:\n"
        f'  "{model}":\n'
        f"    - {{from: {day}, input: USD_PER_MILLION, output: USD_PER_MILLION}}"
    )
