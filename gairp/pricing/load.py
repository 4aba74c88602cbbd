"""Build the catalogue that a configuration describes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from gairp.errors import ConfigError
from gairp.pricing.catalogue import BeforeFirst, PriceCatalogue
from gairp.pricing.genai import GenaiPrices
from gairp.pricing.price import PriceSource
from gairp.pricing.price_map import FILE, PriceMap
from gairp.pricing.tables import DatedTables
from gairp.pricing.user_file import UserPrices


def load_catalogue(
    *,
    as_of: date | str | None = None,
    user_files: Sequence[Path | str] = (),
    tables_dir: Path | str | None = None,
    benchmark: str | None = None,
    genai: bool = True,
    before_first: BeforeFirst = "error",
) -> PriceCatalogue:
    """The user's files first, then the price map, the dated tables, and genai-prices.

    `tables_dir` is the folder of the dataset `prices`, where it is to be used; `benchmark` selects
    the rows of its price map. Raises ConfigError on two files that give one model different
    aliases.
    """
    files = [UserPrices(path) for path in user_files]
    sources: list[PriceSource] = [*files]
    if tables_dir is not None:
        sources += _dated(Path(tables_dir), benchmark)
    elif benchmark is not None:
        raise ConfigError(
            "prices.benchmark is set, but prices.tables_dir, where its map is, is not"
        )
    if genai:
        sources.append(GenaiPrices())
    return PriceCatalogue(
        sources=sources, as_of=as_of, before_first=before_first, aliases=_aliases(files)
    )


def _dated(folder: Path, benchmark: str | None) -> list[PriceSource]:
    tables = DatedTables(folder)
    path = folder / FILE
    if not path.exists() and benchmark is None:
        return [tables]
    return [PriceMap(path, benchmark=benchmark, tables=tables), tables]


def _aliases(files: Sequence[UserPrices]) -> dict[str, str]:
    merged: dict[str, str] = {}
    for file in files:
        for arm, target in file.aliases.items():
            if merged.setdefault(arm, target) != target:
                raise ConfigError(
                    f"{file.path}, key aliases.{arm}: {target!r}, but an earlier file of "
                    f"prices.user_files says {merged[arm]!r}; keep one"
                )
    return merged
