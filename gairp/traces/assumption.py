"""Quantities that a source lacks and a study declares, for the report to say so."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from gairp.errors import ConfigError, UnknownNameError
from gairp.traces.trace import QUANTITIES, Trace


def assume_quantity(trace: Trace, quantity: str, value: float) -> Trace:
    """The trace with `quantity` = `value` for every recorded pair of the arms that lack it.

    Adds the note "assumed: output_tokens = 256". Raises ConfigError where nothing lacks it, since
    an assumption never replaces a record, or for a value that is negative or not finite.
    """
    if quantity not in QUANTITIES:
        raise UnknownNameError("quantity to assume", quantity, QUANTITIES)
    if not math.isfinite(value) or value < 0:
        raise ConfigError(f"assume.{quantity} is {value}; give a finite number, 0 or more")
    lacking = trace.arms_without(quantity)
    if not lacking:
        raise ConfigError(
            f"assume.{quantity}: trace {trace.name!r} records it for every arm; "
            f"remove the assumption, or leave the record out: columns.{quantity}=None"
        )
    columns = [trace.arms.index(arm) for arm in lacking]
    table = trace.quantities.get(quantity, np.full(trace.score.shape, np.nan)).copy()
    table[:, columns] = np.where(np.isnan(trace.score[:, columns]), np.nan, float(value))
    which = "" if len(lacking) == len(trace.arms) else f" for {', '.join(lacking)}"
    return replace(
        trace,
        quantities={**trace.quantities, quantity: table},
        notes=(*trace.notes, f"assumed: {quantity} = {value:g}{which}"),
    )
