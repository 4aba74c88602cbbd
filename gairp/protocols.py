"""The narrow seams of the system. Anything that fits one may be plugged in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol, Self, runtime_checkable

import numpy as np

from gairp.rng import DecisionRng
from gairp.types import (
    Arm,
    Attempt,
    Chunk,
    Context,
    Decision,
    Feedback,
    Outcome,
    Request,
    Response,
    ServerLoad,
    TrainingSet,
)


class Clock(Protocol):
    """Seconds on the run's clock."""

    def now(self) -> float: ...


@runtime_checkable
class Policy(Protocol):
    """A decision rule. Pure: no I/O, no clock, no global random state."""

    name: str
    state_version: int  #: updates applied so far

    def decide(self, context: Context, rng: DecisionRng) -> Decision:
        """Choose an arm; changes no state."""

    def next_decision(
        self, context: Context, attempts: Sequence[Attempt], rng: DecisionRng
    ) -> Decision | None:
        """After these attempts, another one (a cascade), or None to answer with the last."""

    def observe(self, context: Context, decision: Decision, outcome: Outcome) -> None:
        """A request has completed: cost, latency and error are known, quality is not."""

    def learn(
        self, context: Context, decision: Decision, outcome: Outcome, feedback: Feedback
    ) -> None:
        """Quality of a completed request has arrived: late, out of order, or never."""

    def save(self) -> bytes:
        """The learned state."""

    def load(self, state: bytes) -> None:
        """Take up a saved state; raises StateError where it does not fit."""

    def clone(self) -> Self:
        """An independent copy, state included."""

    def fresh(self) -> Self:
        """An untrained policy of the same parameters."""


@runtime_checkable
class Trainable(Protocol):
    """A policy that fits on recorded outcomes before it serves."""

    def fit(self, train: TrainingSet, rng: np.random.Generator) -> None: ...


class Backend(Protocol):
    """A place where models answer.

    What goes wrong upstream is no exception: the response says it in `error`, with what had
    arrived until then. Cancelling the task, or closing the iterator, frees the connection.
    """

    async def complete(self, request: Request, arm: Arm) -> Response:
        """The whole answer, timed to its first and last token."""

    def stream(self, request: Request, arm: Arm) -> AsyncIterator[Chunk]:
        """The answer in pieces; the last chunk, and only that, carries the response."""

    async def aclose(self) -> None:
        """Give back connections and processes; harmless when done twice."""


class LoadProbe(Protocol):
    """A backend that can say how busy its server is."""

    async def load(self) -> ServerLoad | None:
        """As the server last reported; None where it does not say."""
