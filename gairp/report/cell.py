"""How one figure is written: "—" where it is unknown, never 0."""

from __future__ import annotations

import math

from gairp.metrics.interval import Estimate

UNKNOWN = "—"


def fixed(value: float, digits: int = 6) -> str:
    """A fixed number of decimals with a plain minus, for machines.

    Rounding to 12 decimals first keeps the last bits of a sum from deciding a tie.
    """
    if math.isnan(value):
        return UNKNOWN
    text = f"{round(value, 12):.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text


def plain(value: float, digits: int = 3) -> str:
    """A fixed number of decimals with a true minus sign, for people."""
    return fixed(value, digits).replace("-", "−")


def signed(value: float, digits: int = 3) -> str:
    """`plain`, with a plus where the value is positive."""
    text = plain(value, digits)
    return text if text == UNKNOWN or text[0] == "−" else f"+{text}"


def significant(value: float, digits: int = 3) -> str:
    """At least this many significant digits, never in powers of ten."""
    if math.isnan(value):
        return UNKNOWN
    size = math.floor(math.log10(abs(value))) if value else 0
    return plain(value, max(0, digits - 1 - size))


def written(value: object, spec: str = ".4f") -> str:
    """A float as `spec` says, "∞" where it is infinite; what is no float as it is."""
    if not isinstance(value, float):
        return str(value)
    if math.isnan(value):
        return UNKNOWN
    return "∞" if value == math.inf else format(value, spec)


def with_interval(estimate: Estimate, digits: int = 3, *, sign: bool = False) -> str:
    """ "0.712 [0.701, 0.723]"."""
    write = signed if sign else plain
    if math.isnan(estimate.point):
        return UNKNOWN
    return (
        f"{write(estimate.point, digits)} "
        f"[{write(estimate.low, digits)}, {write(estimate.high, digits)}]"
    )


def percent(value: float, digits: int = 0) -> str:
    """A share as a percentage."""
    return UNKNOWN if math.isnan(value) else f"{plain(100 * value, digits)}%"


def percent_interval(estimate: Estimate) -> str:
    """ "+31% [+12%, +45%]"; an end may be unknown."""
    if math.isnan(estimate.point):
        return UNKNOWN
    point, low, high = (
        UNKNOWN if math.isnan(v) else f"{signed(100 * v, 0)}%"
        for v in (estimate.point, estimate.low, estimate.high)
    )
    return f"{point} [{low}, {high}]"


def p_value(value: float) -> str:
    """Two significant digits."""
    return UNKNOWN if math.isnan(value) else f"{value:.2g}"
