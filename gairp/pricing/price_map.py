"""Which listed price each benchmark model was given, chosen by hand.

Benchmarks name models their own way ("Meta-Llama-3.1-8B-Instruct"), and an open model has as many
prices as hosts. The map says which one was meant. Where the tables know that key, its price at the
day asked for is taken; otherwise the map's own dated price is all there is.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from gairp.errors import BadRowError, ConfigError, DatasetAbsentError, PriceError
from gairp.pricing.price import Price, PriceSource, parse_day

FILE = "model_price_map.csv"


class _Row(NamedTuple):
    benchmark: str
    key: str
    price: Price


class PriceMap:
    """A source made from `model_price_map.csv`, for one benchmark or for all of them.

    Without `benchmark`, a name that two benchmarks price differently has no price here: it must be
    asked for as benchmark/name.
    """

    name = "price map"

    def __init__(
        self, path: Path | str, *, benchmark: str | None = None, tables: PriceSource | None = None
    ) -> None:
        self._tables = tables
        self._rows: dict[str, tuple[str, Price]] = {}
        self._ambiguous: dict[str, list[str]] = {}
        grouped: dict[str, list[_Row]] = {}
        for row in _chosen(_read(Path(path)), benchmark, path):
            self._rows[f"{row.benchmark}/{row.price.model}"] = (row.key, row.price)
            grouped.setdefault(row.price.model, []).append(row)
        for model, rows in grouped.items():
            if len({(row.key, *_usd(row.price)) for row in rows}) == 1:
                self._rows[model] = (rows[0].key, rows[0].price)
            else:
                self._ambiguous[model] = [f"{row.benchmark}/{model}" for row in rows]

    def entries(self, model: str) -> Sequence[Price]:
        """The prices of `model`; PriceError where benchmarks disagree about it."""
        if model in self._ambiguous:
            raise PriceError(
                f"benchmarks price {model!r} differently: set prices.benchmark, "
                f"or ask for one of {self._ambiguous[model]}"
            )
        if model not in self._rows:
            return ()
        key, own = self._rows[model]
        listed = self._tables.entries(key) if self._tables is not None else ()
        return listed or (own,)

    def names(self) -> Iterable[str]:
        return self._rows

    def note(self, model: str) -> str | None:
        return None


def _chosen(rows: list[_Row], benchmark: str | None, path: Path | str) -> list[_Row]:
    known = sorted({row.benchmark for row in rows})
    if benchmark is not None and benchmark not in known:
        raise ConfigError(f"prices.benchmark: {benchmark!r} is not in {path}; there are {known}")
    return [row for row in rows if benchmark in (None, row.benchmark)]


def _usd(price: Price) -> tuple[float, float]:
    return price.input_usd_per_mtok, price.output_usd_per_mtok


def _read(path: Path) -> list[_Row]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [_parse(row, path, n) for n, row in enumerate(csv.DictReader(file), start=1)]
    except FileNotFoundError:
        raise DatasetAbsentError(f"no {path}; run: python -m gairp.data fetch prices") from None


def _parse(row: dict[str, str], path: Path, number: int) -> _Row:
    try:
        price = Price(
            model=row["model"],
            input_usd_per_mtok=float(row["input_usd_per_mtok"]),
            output_usd_per_mtok=float(row["output_usd_per_mtok"]),
            source=f"price map ({row['benchmark']}: {row['price_key']})",
            valid_from=parse_day(row["price_date"], where=f"{path}, row {number}, price_date"),
        )
        return _Row(row["benchmark"], row["price_key"], price)
    except (KeyError, TypeError, ValueError) as error:
        raise BadRowError(
            file=str(path),
            row=number,
            column="price",
            value=dict(row),
            problem=f"unreadable row: {error}",
            remedy="columns are benchmark, model, price_key, price_date and two prices",
        ) from None
