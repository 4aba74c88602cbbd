"""The requests themselves change: other categories come more often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError
from gairp.replay.scenario.event import Event
from gairp.replay.scenario.stage import Stream
from gairp.types import Floats

_MAINLY = 20.0  #: times as likely


@dataclass(frozen=True, kw_only=True)
class TrafficMix(Event):
    """Prompts are drawn without replacement with weights by category, other ones after `start`.

    A category that is not named weighs 1. Without any weights the categories are halved by name:
    the first half comes mainly before, the second mainly after. Only a share of the prompts is
    `served`, so that there are enough for both mixes.
    """

    before: Mapping[str, float] | None = None  #: category -> weight; null: see above
    after: Mapping[str, float] | None = None  #: the same after `start`
    served: float = 0.6  #: share of the prompts that are served at all

    def __post_init__(self) -> None:
        if not 0 < self.served <= 1:
            raise ConfigError(f"scenario.traffic_mix.served is {self.served}; give 0 to 1")

    def order(self, stream: Stream, rng: np.random.Generator) -> NDArray[np.int64]:
        """Weighted draws without replacement, by exponential keys (Efraimidis & Spirakis 2006)."""
        every = np.arange(len(stream.rows))
        count = max(1, round(self.served * len(every)))
        turn = min(count, self.turn(count))
        before, after = self._weights(stream.categories)
        first = _drawn(every, before, turn, rng)
        left = np.setdiff1d(every, first)
        return np.concatenate([first, _drawn(left, after[left], count - turn, rng)])

    def _weights(self, categories: tuple[str, ...]) -> tuple[Floats, Floats]:
        names = sorted(set(categories))
        half = set(names[: len(names) // 2])
        default = {c: _MAINLY if c in half else 1.0 for c in names}
        other = {c: 1.0 if c in half else _MAINLY for c in names}

        def of(weights: Mapping[str, float]) -> Floats:
            return np.array([weights.get(c, 1.0) for c in categories])

        return of(self.before or default), of(self.after or other)


def _drawn(
    places: NDArray[np.int64], weights: Floats, count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    keys = rng.exponential(size=len(places)) / np.maximum(weights, 1e-12)
    return np.asarray(places[np.argsort(keys, kind="stable")[:count]], dtype=np.int64)
