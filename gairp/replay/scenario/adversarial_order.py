"""Requests come in the order that misleads a learner most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError
from gairp.replay.scenario.event import Event
from gairp.replay.scenario.span import Span
from gairp.replay.scenario.stage import Stream


@dataclass(frozen=True, kw_only=True)
class AdversarialOrder(Event):
    """From `start` on the requests come in blocks that favour one arm after the other.

    They are sorted by how much better the first of the two best arms does than the second, and
    dealt into `blocks`: those it wins, those it loses, those it wins by less, … A learner that has
    just made up its mind is wrong in the next block.
    """

    blocks: int = 4  #: how many

    def __post_init__(self) -> None:
        if self.blocks < 2:
            raise ConfigError(f"scenario.adversarial_order.blocks is {self.blocks}; give 2 or more")

    def turning_points(self, requests: int) -> tuple[Span, tuple[float, ...]]:
        """Where one block ends and another begins."""
        span = self.span(requests)
        sizes = [len(part) for part in self._split(np.arange(int(span.start), requests))]
        points = span.start + np.cumsum(sizes[:-1])
        return span, (*span.turning_points, *points.tolist())

    def _split(self, places: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        return list(np.array_split(places, self.blocks))

    def order(self, stream: Stream, rng: np.random.Generator) -> NDArray[np.int64]:
        """Blocks from both ends of the sorted stream in turn, each shuffled."""
        start = self.turn(len(stream.rows))
        first, second = np.argsort(-stream.utility.mean(axis=0), kind="stable")[:2]
        margin = stream.utility[:, first] - stream.utility[:, second]
        rest = start + np.argsort(-margin[start:], kind="stable")
        parts = [rng.permutation(part) for part in self._split(rest)]
        dealt = [parts.pop(0 if number % 2 == 0 else -1) for number in range(self.blocks)]
        return np.concatenate([np.arange(start), *dealt])
