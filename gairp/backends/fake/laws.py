"""Laws of chance for seconds and lengths, from one number or one line of YAML."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from statistics import NormalDist
from typing import Any

from gairp.errors import ConfigError
from gairp.rng import DecisionRng

Law = Callable[[DecisionRng], float]


def law(value: Any, *, key: str) -> Law:
    """A law of numbers at least 0.

    A number is itself; `{uniform: [low, high]}`; `{exponential: mean}`;
    `{lognormal: [median, sigma]}`, sigma of the natural logarithm. Raises ConfigError.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return partial(_constant, float(value))
    if isinstance(value, Mapping) and len(value) == 1:
        ((name, numbers),) = value.items()
        numbers = tuple(numbers) if isinstance(numbers, list | tuple) else (numbers,)
        made, count = _LAWS.get(str(name), (None, 0))
        if made and len(numbers) == count and all(_at_least_0(number) for number in numbers):
            return partial(made, *map(float, numbers))
    raise ConfigError(
        f"{key}: {value!r} is no law of numbers at least 0; write a number, "
        "{uniform: [low, high]}, {exponential: mean} or {lognormal: [median, sigma]}"
    )


def _at_least_0(number: object) -> bool:
    return isinstance(number, int | float) and number >= 0


def _constant(value: float, rng: DecisionRng) -> float:
    return value


def _uniform(low: float, high: float, rng: DecisionRng) -> float:
    return low + (high - low) * rng.random()


def _exponential(mean: float, rng: DecisionRng) -> float:
    return -mean * math.log1p(-rng.random())


def _lognormal(median: float, sigma: float, rng: DecisionRng) -> float:
    # The quantile function needs a number in (0, 1): zero has probability 2^-53.
    return median * math.exp(sigma * NormalDist().inv_cdf(rng.random() or 0.5))


_LAWS: dict[str, tuple[Callable[..., float], int]] = {
    "uniform": (_uniform, 2),
    "exponential": (_exponential, 1),
    "lognormal": (_lognormal, 2),
}
