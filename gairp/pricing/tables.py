"""The dated public price tables of the `prices` dataset, merged by name and day.

A model is known by its bare name and by provider/name. In models.dev, where dozens of resellers
list the same bare name at different prices, only the maker's own entry takes the bare name.

A row in which a side is $0 is no price: public tables write 0 for free tiers, for fees per request
that they cannot express, and for prices that they do not know. Such rows are skipped and remembered
for the error message; only embedding and rerank models may have free output.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from gairp.errors import BadRowError, ConfigError, DatasetAbsentError
from gairp.pricing.price import Price

_MAKERS = frozenset(
    {
        *("alibaba", "anthropic", "cohere", "deepseek", "google", "minimax"),
        *("mistral", "moonshotai", "openai", "perplexity", "xai", "zhipuai"),
    }
)
_OUTPUT_FREE_MODES = frozenset({"embedding", "rerank"})


class _Layout(NamedTuple):
    file: str
    label: str
    day: str
    bare_names: frozenset[str] | None  #: providers whose bare names count; None: all of them


LAYOUTS = (
    _Layout("litellm_snapshots.csv.gz", "litellm", "snapshot_date", None),
    _Layout("modelsdev_monthly.csv.gz", "models.dev", "commit_date", _MAKERS),
    _Layout("weishaw_litellm_mirror_changes.csv.gz", "litellm-mirror", "commit_date", None),
)


class DatedTables:
    """A source made from the tables found in `folder`; where two agree on a day, the first wins.

    Raises DatasetAbsentError where the folder holds none of them, BadRowError on a malformed row.
    """

    name = "dated price tables"

    def __init__(self, folder: Path | str) -> None:
        self._days: dict[str, dict[date, Price]] = {}
        self._free: dict[str, str] = {}
        present = [layout for layout in LAYOUTS if (Path(folder) / layout.file).exists()]
        if not present:
            raise DatasetAbsentError(
                f"no price table in {folder}; run: python -m gairp.data fetch prices"
            )
        for layout in present:
            self._read(Path(folder) / layout.file, layout)
        self._entries: dict[str, tuple[Price, ...]] = {}

    def entries(self, model: str) -> Sequence[Price]:
        if model not in self._entries:
            days = self._days.get(model, {})
            self._entries[model] = tuple(days[day] for day in sorted(days))
        return self._entries[model]

    def names(self) -> Iterable[str]:
        return self._days

    def note(self, model: str) -> str | None:
        where = self._free.get(model)
        if where is None:
            return None
        return f"{model!r} stands at $0 in {where}, which is not taken for a price"

    def _read(self, path: Path, layout: _Layout) -> None:
        try:
            with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
                for number, row in enumerate(csv.DictReader(file), start=1):
                    self._add(row, layout, path, number)
        except (EOFError, gzip.BadGzipFile, zlib.error, UnicodeDecodeError) as error:
            raise _cut_off(path, error) from None

    def _add(self, row: Mapping[str, str], layout: _Layout, path: Path, number: int) -> None:
        try:
            names = _names(row["provider"], row["model"], layout)
            day = date.fromisoformat(row[layout.day][:10])
            price = _price(row, names, layout, day)
        except (ConfigError, KeyError, TypeError, ValueError) as error:
            raise BadRowError(
                file=str(path),
                row=number,
                column=f"{layout.day} or price",
                value=dict(row),
                problem=f"unreadable price row: {error}",
                remedy="fetch the file again: python -m gairp.data fetch prices",
            ) from None
        for name in names:
            if price is None:
                self._free[name] = f"{layout.label} {day}"
            else:
                self._days.setdefault(name, {}).setdefault(day, price)


def _price(row: Mapping[str, str], names: list[str], layout: _Layout, day: date) -> Price | None:
    paid, answered = float(row["input_usd_per_mtok"]), float(row["output_usd_per_mtok"])
    cached = float(row.get("cache_read_usd_per_mtok") or 0.0)
    if paid == 0.0 or (answered == 0.0 and row.get("mode") not in _OUTPUT_FREE_MODES):
        return None
    return Price(
        model=row["model"] if layout.bare_names is None else names[0],
        input_usd_per_mtok=paid,
        output_usd_per_mtok=answered,
        cached_input_usd_per_mtok=cached or None,
        source=layout.label,
        valid_from=day,
    )


def _names(provider: str, model: str, layout: _Layout) -> list[str]:
    qualified = model if model.startswith(f"{provider}/") else f"{provider}/{model}"
    if layout.bare_names is None or provider in layout.bare_names:
        return [qualified, model] if qualified != model else [model]
    return [qualified]


def _cut_off(path: Path, error: Exception) -> BadRowError:
    return BadRowError(
        file=str(path),
        row=None,
        column="(whole file)",
        value=str(error),
        problem="the file is cut off or not gzip",
        remedy="fetch it again: python -m gairp.data fetch prices",
    )
