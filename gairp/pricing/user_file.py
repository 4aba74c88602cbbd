"""Prices that the user states in a YAML file.

    aliases:                      # optional: this arm is priced as that model
      my-finetune: gpt-4o-mini
    models:
      my-model:                   # USD per million tokens, from each date on
        - {from: 2025-01-31, input: 0.88, output: 0.88}
        - {from: 2025-08-20, input: 0.80, output: 0.80, cached_input: 0.10}

A zero stated here is believed: it is the user's word, not a gap in somebody's table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from gairp.errors import ConfigError
from gairp.pricing.price import Price, parse_day

_REQUIRED = {"from", "input", "output"}
_OPTIONAL = {"cached_input", "note"}


class UserPrices:
    """A source made from one YAML file; raises ConfigError naming file and key."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        content = _read(self.path)
        self.aliases = self._aliases(content.get("aliases") or {})
        self._models = {
            str(model): self._entries(str(model), rows)
            for model, rows in self._mapping(content.get("models") or {}, "models").items()
        }
        both = sorted(set(self.aliases) & set(self._models))
        if both:
            raise self._error(f"aliases.{both[0]}", "has prices of its own under models; keep one")

    @property
    def name(self) -> str:
        return self.path.name

    def entries(self, model: str) -> Sequence[Price]:
        return self._models.get(model, ())

    def names(self) -> Iterable[str]:
        return self._models

    def note(self, model: str) -> str | None:
        return None

    def _aliases(self, value: object) -> dict[str, str]:
        aliases = self._mapping(value, "aliases")
        for arm, target in aliases.items():
            if not isinstance(target, str):
                raise self._error(f"aliases.{arm}", f"{target!r} is not the name of a model")
        return {str(arm): target for arm, target in aliases.items()}

    def _entries(self, model: str, rows: object) -> tuple[Price, ...]:
        key = f"models.{model}"
        if not isinstance(rows, list) or not rows:
            raise self._error(key, "is not a list of {from, input, output}")
        prices = [self._price(model, f"{key}[{i}]", row) for i, row in enumerate(rows)]
        prices.sort(key=lambda price: str(price.valid_from))
        for one, two in pairwise(prices):
            if one.valid_from == two.valid_from:
                raise self._error(key, f"has two prices from {one.valid_from}; keep one")
        return tuple(prices)

    def _price(self, model: str, key: str, row: object) -> Price:
        fields = self._mapping(row, key)
        missing, unknown = _REQUIRED - set(fields), set(fields) - _REQUIRED - _OPTIONAL
        if missing or unknown:
            wrong = f"lacks {sorted(missing)}" if missing else f"has unknown {sorted(unknown)}"
            known = sorted(_REQUIRED), sorted(_OPTIONAL)
            raise self._error(key, f"{wrong}; needed are {known[0]}, possible are {known[1]}")
        cached = fields.get("cached_input")
        return Price(
            model=model,
            input_usd_per_mtok=self._usd(fields["input"], f"{key}.input"),
            output_usd_per_mtok=self._usd(fields["output"], f"{key}.output"),
            cached_input_usd_per_mtok=(
                None if cached is None else self._usd(cached, f"{key}.cached_input")
            ),
            source=self.name,
            valid_from=parse_day(fields["from"], where=f"{self.path}, key {key}.from"),
        )

    def _usd(self, value: object, key: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._error(key, f"{value!r} is not a number of USD per million tokens")
        return float(value)

    def _mapping(self, value: object, key: str) -> Mapping[Any, Any]:
        if not isinstance(value, Mapping):
            raise self._error(key, f"{value!r} is not a mapping")
        return value

    def _error(self, key: str, problem: str) -> ConfigError:
        return ConfigError(f"{self.path}, key {key}: {problem} (format: docs/pricing.md)")


def _read(path: Path) -> Mapping[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"price file {path} does not exist; check prices.user_files") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"price file {path} is not valid YAML: {error}") from None
    if not isinstance(content, Mapping) or not set(content) <= {"models", "aliases"}:
        raise ConfigError(
            f"price file {path}: its top level may hold the keys models and aliases only "
            "(format: docs/pricing.md)"
        )
    return content
