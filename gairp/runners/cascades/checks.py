"""Arms that check their own answer: dearer, slower, and with a signal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec
import numpy as np

from gairp.errors import UnknownNameError
from gairp.replay.source import Outcomes
from gairp.types import Floats

T = TypeVar("T")


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What was recorded of a check of the answer, by names of signals; null is free of charge."""

    signal: str
    cost_usd: str | None = None
    latency_s: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The signals that it names."""
        return tuple(name for name in msgspec.structs.astuple(self) if name is not None)


def checked_name(arm: str, check: str) -> str:
    """What an arm that checks its answer is called."""
    return f"{arm}+{check}"


def with_checks(
    table: Outcomes, checks: Mapping[str, Check], free: Sequence[str], names: Sequence[str]
) -> Outcomes:
    """The arms as they are, with the free signals alone, then each as `ARM+CHECK` for the names.

    A checked arm gives the same answer. Its cost and latency hold the check's, which was recorded;
    its signals are the free ones and the check's.
    """
    assert table.cost_usd is not None
    assert table.latency_s is not None
    chosen = [_named("check", name, checks) for name in names]
    for name in (*free, *(column for check in chosen for column in check.columns)):
        _named("signal", name, table.signals)
    unknown = np.full_like(table.quality, np.nan)
    nothing = np.zeros_like(table.quality)

    def wide(blocks: Sequence[Floats]) -> Floats:
        return np.ascontiguousarray(np.hstack(blocks))

    def with_more(plain: Floats, columns: Sequence[str | None]) -> Floats:
        more = [nothing if name is None else table.signals[name] for name in columns]
        return wide([plain, *(plain + each for each in more)])

    copies = 1 + len(chosen)
    signals = {name: [table.signals[name]] * copies for name in free}
    for check in chosen:
        told = table.signals[check.signal]
        signals[check.signal] = [unknown, *(told if c is check else unknown for c in chosen)]
    tokens = table.output_tokens
    return Outcomes(
        arms=table.arms + tuple(checked_name(arm, name) for name in names for arm in table.arms),
        prompt_ids=table.prompt_ids,
        features=table.features,
        quality=wide([table.quality] * copies),
        cost_usd=with_more(table.cost_usd, [check.cost_usd for check in chosen]),
        latency_s=with_more(table.latency_s, [check.latency_s for check in chosen]),
        output_tokens=None if tokens is None else wide([tokens] * copies),
        signals={name: wide(blocks) for name, blocks in signals.items()},
    )


def _named(what: str, name: str, among: Mapping[str, T]) -> T:
    if name not in among:
        raise UnknownNameError(what, name, among)
    return among[name]
