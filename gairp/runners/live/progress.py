"""How a live run is doing, in the terminal: a line that changes, or one every few seconds."""

from __future__ import annotations

import math
import sys
import time
from collections import Counter, deque
from types import TracebackType
from typing import Self, TextIO

from gairp.routing.spend import SpendCeiling
from gairp.types import Attempt, Outcome

_RECENT = 200


class Progress:
    """Counts what happens; `line` says it. Prints nothing where `out` is None."""

    def __init__(
        self,
        *,
        total: int,
        ceiling: SpendCeiling,
        out: TextIO | None = sys.stderr,
        every_s: float = 10.0,
        what: str = "requests",
    ) -> None:
        self.total, self.ceiling, self.out, self.every_s = total, ceiling, out, every_s
        self.what = what
        self.done = self.errors = self.refused = self.shadows = 0
        self.usd = self.tokens = 0.0
        self.arms: Counter[str] = Counter()
        self._ttft: deque[float] = deque(maxlen=_RECENT)
        self._quality_sum, self._qualities = 0.0, 0
        self._start = self._said = time.monotonic()
        self._live = out is not None and out.isatty()
        self._unsaid = False  # something has happened since the last line

    def __enter__(self) -> Self:
        self._start = self._said = time.monotonic()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.out is not None and (self.done or self.shadows) and (self._live or self._unsaid):
            self._write(end="\n")

    def finished(self, outcome: Outcome) -> None:
        """A request has ended."""
        self.done += 1
        self.refused += outcome.refused
        for attempt in outcome.attempts:
            self._count(attempt)
        if outcome.attempts:
            last = outcome.attempts[-1]
            self.arms[last.decision.arm] += last.response.error is None
        self._say()

    def shadowed(self, attempt: Attempt) -> None:
        """An arm was asked beside the answer."""
        self.shadows += 1
        self._count(attempt)
        self._say()

    def graded(self, quality: float) -> None:
        """A grade of an answer that was given has come."""
        if not math.isnan(quality):
            self._quality_sum += quality
            self._qualities += 1

    def line(self, elapsed_s: float) -> str:
        """Requests, rates, time to the first token, shares of the arms, errors, money left."""
        minutes = max(elapsed_s, 1e-9) / 60.0
        parts = [
            f"{self.done}/{self.total} {self.what}",
            f"{self.done / minutes:.0f}/min",
            f"{self.usd:.6f} USD ({self.usd / minutes:.6f}/min)",
            f"{self.tokens / (minutes * 60.0):.0f} tokens/s",
        ]
        if self._ttft:
            parts.append(f"TTFT {sorted(self._ttft)[len(self._ttft) // 2]:.2f} s")
        if self._qualities:
            parts.append(f"quality {self._quality_sum / self._qualities:.2f}")
        answered = self.arms.total()
        if answered:
            shares = sorted(self.arms.items())
            parts.append(", ".join(f"{arm} {n / answered:.0%}" for arm, n in shares))
        counts = {"shadows": self.shadows, "errors": self.errors, "refused": self.refused}
        parts += [f"{count} {name}" for name, count in counts.items() if count]
        if self.ceiling.usd is not None:
            parts.append(f"{self.ceiling.left_usd:.6f} USD left")
        return " · ".join(parts)

    def _count(self, attempt: Attempt) -> None:
        response = attempt.response
        self.errors += response.error is not None
        self.usd += 0.0 if math.isnan(attempt.cost_usd) else attempt.cost_usd
        output = response.usage.output_tokens
        self.tokens += 0.0 if math.isnan(output) else output
        if not math.isnan(response.first_token_s):
            self._ttft.append(response.first_token_s)

    def _say(self) -> None:
        self._unsaid = True
        now = time.monotonic()
        if self.out is not None and now - self._said >= (0.2 if self._live else self.every_s):
            self._said = now
            self._write(end="" if self._live else "\n")

    def _write(self, *, end: str) -> None:
        assert self.out is not None
        self._unsaid = False
        lead = "\r\x1b[2K" if self._live else ""
        self.out.write(lead + self.line(time.monotonic() - self._start) + end)
        self.out.flush()
