"""The cost of served calls, in USD.

input_tokens counts all tokens of the prompt; cached_tokens, a part of them, is billed at the
cached price where one is known and at the full input price where none is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gairp.errors import DataError
from gairp.pricing.catalogue import PriceCatalogue
from gairp.pricing.price import Price

_PER_MILLION = 1e-6


def call_cost(
    price: Price, input_tokens: float, output_tokens: float, cached_tokens: float = 0
) -> float:
    """USD of one call; DataError on negative counts or more cached tokens than input tokens."""
    if input_tokens < 0 or output_tokens < 0 or cached_tokens < 0 or cached_tokens > input_tokens:
        raise _bad_counts(price.model, "", input_tokens, output_tokens, cached_tokens)
    return (
        (input_tokens - cached_tokens) * price.input_usd_per_mtok
        + cached_tokens * _cached_price(price)
        + output_tokens * price.output_usd_per_mtok
    ) * _PER_MILLION


def call_costs(
    price: Price,
    input_tokens: ArrayLike,
    output_tokens: ArrayLike,
    cached_tokens: ArrayLike = 0,
) -> NDArray[np.float64]:
    """`call_cost` on arrays that broadcast together; NaN where a count is NaN (not measured)."""
    paid, answered, cached = np.broadcast_arrays(
        np.asarray(input_tokens, dtype=np.float64),
        np.asarray(output_tokens, dtype=np.float64),
        np.asarray(cached_tokens, dtype=np.float64),
    )
    bad = (paid < 0) | (answered < 0) | (cached < 0) | (cached > paid)
    if bad.any():
        at = tuple(int(i) for i in np.argwhere(bad)[0])
        raise _bad_counts(price.model, f" at index {at}", paid[at], answered[at], cached[at])
    usd = (
        (paid - cached) * price.input_usd_per_mtok
        + cached * _cached_price(price)
        + answered * price.output_usd_per_mtok
    ) * _PER_MILLION
    return np.asarray(usd, dtype=np.float64)


def price_trace_quantities(
    arms: Sequence[str],
    input_tokens: ArrayLike,
    output_tokens: ArrayLike,
    catalogue: PriceCatalogue,
    as_of: date | str | None = None,
) -> NDArray[np.float64]:
    """USD of every (prompt, arm): token counts [n, k] -> costs [n, k], column j priced as arms[j].

    A count that was not recorded (NaN) gives NaN. Raises PriceError on the first arm without a
    price, DataError on wrong shapes or counts.
    """
    paid = np.asarray(input_tokens, dtype=np.float64)
    answered = np.asarray(output_tokens, dtype=np.float64)
    if paid.ndim != 2 or paid.shape != answered.shape or paid.shape[1] != len(arms):
        raise DataError(
            f"token counts have shapes {paid.shape} (input) and {answered.shape} (output); "
            f"both must be (prompts, {len(arms)}), one column an arm"
        )
    sheet = catalogue.sheet(arms, as_of=as_of)
    costs = np.empty(paid.shape, dtype=np.float64)
    for column, arm in enumerate(arms):
        costs[:, column] = call_costs(sheet.prices[arm], paid[:, column], answered[:, column])
    return costs


def _cached_price(price: Price) -> float:
    cached = price.cached_input_usd_per_mtok
    return price.input_usd_per_mtok if cached is None else cached


def _bad_counts(model: str, where: str, *counts: Any) -> DataError:
    paid, answered, cached = (float(count) for count in counts)
    return DataError(
        f"token counts of {model!r}{where}: input {paid:g}, output {answered:g}, cached "
        f"{cached:g}; counts cannot be negative, and cached tokens are a part of the input"
    )
