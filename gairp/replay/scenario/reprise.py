"""Requests of the beginning come once more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gairp.replay.scenario.event import Event
from gairp.replay.scenario.span import Span
from gairp.replay.scenario.stage import Stream


@dataclass(frozen=True, kw_only=True)
class Reprise(Event):
    """At `start` the stream ends, and its first `requests` come again in another order.

    What differs between the two passes is then the learner's doing and not the prompts'.
    """

    requests: int = 100  #: how many come again

    def turning_points(self, requests: int) -> tuple[Span, tuple[float, ...]]:
        """Where the second pass begins."""
        return self.span(requests), (float(requests - self.requests),)

    def order(self, stream: Stream, rng: np.random.Generator) -> NDArray[np.int64]:
        """Up to the start as it was, then the first again."""
        start = self.turn(len(stream.rows))
        again = rng.permutation(min(self.requests, start))
        return np.concatenate([np.arange(start), again])
