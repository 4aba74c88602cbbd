"""An arm's answer, whichever number of calls it took."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property

from gairp.records.events import Settled
from gairp.runners.recording.closing import Closing

Cost = Callable[[Settled], float]


class Answer:
    """Reads the calls of one answer, in order, as one: sums, and what the last one said."""

    def __init__(self, calls: Sequence[Settled], closing: Closing | None = None) -> None:
        self.calls, self._closing = tuple(calls), closing
        self.last = self.calls[-1]

    @property
    def text(self) -> str:
        """All that was generated."""
        return "\n".join(call.content or "" for call in self.calls)

    @property
    def final(self) -> str:
        """The part that is graded."""
        said = self.last.content or ""
        if self._closing is None or len(self.calls) > 1:
            return said
        return self._closing.final(said)

    def tokens(self, name: str) -> float:
        """Of one kind of `Usage`, all calls together."""
        return math.fsum(getattr(call.usage, name) for call in self.calls)

    def signal(self, name: str) -> float:
        """The sum of a signal over the calls; NaN where one lacks it."""
        return math.fsum(call.signals.get(name, math.nan) for call in self.calls)

    @property
    def ttft_s(self) -> float:
        """Seconds until the first token of the last call, earlier calls included."""
        earlier = math.fsum(latency_s for _, latency_s in self._times[:-1])
        return earlier + self._times[-1][0]

    @property
    def latency_s(self) -> float:
        """Seconds of all calls."""
        return math.fsum(latency_s for _, latency_s in self._times)

    @property
    def queue_s(self) -> float:
        """Seconds that calls waited for their place."""
        return math.fsum(call.queue_s for call in self.calls)

    @cached_property
    def _times(self) -> list[tuple[float, float]]:
        return [_times(call) for call in self.calls]


def _times(call: Settled) -> tuple[float, float]:
    """Seconds to the first and last token.

    Of an answer from the response cache: what the call had taken, not the reading.
    """
    if call.billing != "cached":
        return call.first_token_s, call.latency_s
    signals = call.signals
    first = signals.get("cached_first_token_s", math.nan)
    return first, signals.get("cached_latency_s", math.nan)
