"""From the `trace` section of a configuration to a priced pool of prompts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gairp.errors import ConfigError, DataError, DatasetAbsentError, PriceError, UnknownNameError
from gairp.pricing import load_catalogue
from gairp.pricing.cost import price_trace_quantities
from gairp.rewards import Utility
from gairp.traces.adapters import read_trace
from gairp.traces.pool import PoolSelection, select_pool
from gairp.traces.registry import locate
from gairp.traces.trace import Trace
from gairp.types import Floats

USD, SHARE = "USD per 1,000 requests", "share of strong calls"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A pool of prompts with costs, before anything is split or fitted."""

    pool: PoolSelection
    cost_unit: str
    price_facts: Mapping[str, str]


def load_pool(settings: Mapping[str, Any], *, output_factor: float = 1.0) -> Loaded:
    """Read, filter, price and select the pool.

    `output_factor` scales an assumed output length, for its sensitivity. Raises ConfigError and
    DataError with the key or row at fault, PriceError for an arm without a price.
    """
    trace = _read(settings, output_factor)
    selection = select_pool(trace, settings["arms"] or trace.arms, missing=settings["missing"])
    pool, unit = selection.trace, USD
    facts: Mapping[str, str] = {}
    cost = settings["cost"]
    if isinstance(cost, Mapping):
        pool, unit = _strong_share(pool, str(cost.get("strong"))), SHARE
    elif cost != "usd":
        raise ConfigError(f"trace.cost is {cost!r}; there are: usd, {{strong: ARM}}")
    elif settings["prices"]["as_of"] is not None:
        pool, facts = _priced(pool, settings["prices"])
    return Loaded(pool=replace(selection, trace=pool), cost_unit=unit, price_facts=facts)


def require_costs(loaded: Loaded) -> None:
    """Raise PriceError for an arm without a cost: called where cost enters reward or report."""
    pool = loaded.pool.trace
    table = pool.quantities.get("cost_usd")
    for column, arm in enumerate(pool.arms):
        known = None if table is None else table[:, column][~np.isnan(pool.score[:, column])]
        if known is None or np.isnan(known).any():
            raise PriceError(
                f"trace {pool.name!r}: arm {arm!r} has no cost for every answer, but cost enters "
                "the utility; price it from its tokens (trace.prices.as_of=2025-01-31, say, and "
                "trace.prices.user_files for a price of your own; tokens that were not recorded "
                "can be declared with trace.assume), or leave cost out: utility=quality"
            )


def require_latencies(trace: Trace) -> None:
    """Raise DataError for an arm without latencies: called where latency enters the utility."""
    table = trace.quantities.get("latency_s")
    for column, arm in enumerate(trace.arms):
        known = None if table is None else table[:, column][~np.isnan(trace.score[:, column])]
        if known is None or np.isnan(known).any():
            raise DataError(
                f"trace {trace.name!r}: arm {arm!r} has no latency for every answer, but latency "
                "enters the utility; set utility.latency_weight=0 (and no latency_ceiling), leave "
                "the arm out (trace.arms), or declare one (trace.assume.latency_s=1.5, say)"
            )


def require_same_unit(loaded: Loaded, utility: Utility) -> None:
    """Raise ConfigError where the utility would read shares as dollars, or dollars as shares."""
    share = loaded.cost_unit == SHARE
    if utility.needs_cost and share != (utility.cost_scale == "share"):
        remedy = "utility=strong_share" if share else "utility.cost_scale=linear or log"
        raise ConfigError(
            f"utility.cost_scale is {utility.cost_scale!r}, but the cost of trace "
            f"{loaded.pool.trace.name!r} is in {loaded.cost_unit}; set {remedy}"
        )


def _read(settings: Mapping[str, Any], output_factor: float) -> Trace:
    outcomes, prompts = files_of(settings)
    assume = {
        name: value * (output_factor if name == "output_tokens" else 1.0)
        for name, value in settings["assume"].items()
        if value is not None
    }
    return read_trace(
        outcomes,
        prompts,
        columns={k: tuple(v) if isinstance(v, list) else v for k, v in settings["columns"].items()},
        layout=settings["layout"],
        signals=settings.get("signals", ()),
        name=settings["name"],
        where=settings["where"],
        assume=assume,
        duplicate_threshold=settings["duplicates"],
    )


def files_of(settings: Mapping[str, Any]) -> tuple[Path, Path | None]:
    """The tables of outcomes and, where they have their own, of prompts.

    Raises ConfigError for a file that is not there or a dataset without outcomes.
    """
    path, prompts = settings["path"], settings["prompts"]
    if path is not None:
        for key, name in (("path", path), ("prompts", prompts)):
            if name is not None and not Path(name).exists():
                raise ConfigError(f"trace.{key}: there is no file {name!r}")
        return Path(path), None if prompts is None else Path(prompts)
    if settings["dataset"] is None:
        raise ConfigError(
            "trace.path is not set: name a table (trace.path=outcomes.parquet, and "
            "trace.prompts=prompts.parquet where the texts have their own), or a registered "
            "dataset (trace.dataset=NAME; python -m gairp.data list)"
        )
    tables = locate(settings["dataset"])
    if "outcomes" not in tables:
        raise ConfigError(
            f"trace.dataset: {settings['dataset']!r} has no table 'outcomes', only "
            f"{', '.join(sorted(tables))}: it cannot be replayed"
        )
    return tables["outcomes"], tables.get("prompts")


def _strong_share(pool: Trace, strong: str) -> Trace:
    if strong not in pool.arms:
        raise UnknownNameError("arm of trace.cost.strong", strong, pool.arms)
    share = np.array([float(arm == strong) for arm in pool.arms])
    return _with_cost(pool, np.where(np.isnan(pool.score), np.nan, share))


def _with_cost(pool: Trace, cost: Floats) -> Trace:
    """What the source estimated of the cost no longer matters: no note says so either."""
    notes = tuple(note for note in pool.notes if not note.startswith("estimated: cost_usd"))
    return replace(pool, quantities={**pool.quantities, "cost_usd": cost}, notes=notes)


def _priced(pool: Trace, prices: Mapping[str, Any]) -> tuple[Trace, Mapping[str, str]]:
    for quantity in ("input_tokens", "output_tokens"):
        if not pool.has(quantity):
            raise PriceError(
                f"trace {pool.name!r} records no {quantity}: cost cannot be priced from tokens; "
                f"declare them (trace.assume.{quantity}=256, say) or leave trace.prices.as_of null"
            )
    catalogue = load_catalogue(**{**prices, "tables_dir": _tables_dir(prices)})
    cost = price_trace_quantities(
        pool.arms,
        pool.quantities["input_tokens"],
        pool.quantities["output_tokens"],
        catalogue,
        prices["as_of"],
    )
    return _with_cost(pool, cost), catalogue.sheet(pool.arms).summary()


def _tables_dir(prices: Mapping[str, Any]) -> Path | None:
    """The folder of the dataset `prices`, where it is to be had."""
    if prices.get("tables_dir") is not None:
        return Path(prices["tables_dir"])
    try:
        return next(iter(locate("prices").values())).parent
    except DatasetAbsentError as error:
        if prices.get("benchmark") is None:
            return None
        raise DatasetAbsentError(
            f"trace.prices: {error}; or set trace.prices.benchmark=null and name a file of prices "
            "in trace.prices.user_files, or trace.prices.as_of=null to take the cost as recorded"
        ) from error
