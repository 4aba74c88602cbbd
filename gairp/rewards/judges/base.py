"""What judges share: they ask a model, some times over, and bill every call."""

from __future__ import annotations

import asyncio
import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

import msgspec

from gairp.errors import ConfigError
from gairp.protocols import Backend
from gairp.rewards.graders.base import BaseGrader
from gairp.rewards.graders.grade import GraderCall, Status
from gairp.rewards.judges.rubric import Rubric
from gairp.rewards.judges.vote import Combine
from gairp.types import Arm, Request, Response

#: USD that a call of an arm cost.
Price = Callable[[Arm, Response], float]

Messages = Sequence[Mapping[str, str]]


class Judge(BaseGrader):
    """A model that grades.

    `samples` verdicts are asked for, with seeds `seed`, `seed` + 1, …, and at least the share
    `quorum` of them must be readable, or nobody knows the quality; `combine` makes one quality of
    them. `temperature` and `max_tokens` may be None, to leave them to the arm. With
    `show_reference` the question's answer is shown to the judge where there is one and the rubric
    has a place for it.

    Every call is billed: it is part of the grade, and `on_call` gets it as soon as it is answered,
    also where the grade is then cancelled. `price` says what it cost; without it, what the backend
    itself recorded. `aclose` closes the backend.

    Raises ConfigError for settings that contradict each other.
    """

    def __init__(
        self,
        *,
        backend: Backend,
        arm: Arm,
        rubric: Rubric,
        samples: int = 1,
        temperature: float | None = 0.0,
        max_tokens: int | None = 64,
        seed: int = 0,
        combine: Combine = "majority",
        quorum: float = 0.5,
        show_reference: bool = True,
        price: Price | None = None,
        on_call: Callable[[GraderCall], None] | None = None,
    ) -> None:
        if samples < 1 or not 0.0 < quorum <= 1.0:
            raise ConfigError(
                f"grader.samples is {samples} and grader.quorum {quorum}; give 1 or more, and a "
                "share above 0"
            )
        if samples > 1 and temperature == 0.0:
            raise ConfigError(
                f"grader.samples is {samples} at temperature 0, where all samples are one; set "
                "grader.temperature above 0, or grader.samples to 1"
            )
        if combine not in get_args(Combine):
            raise ConfigError(
                f"grader.combine: {combine!r} is unknown; there are: {', '.join(get_args(Combine))}"
            )
        self.backend, self.arm, self.rubric = backend, arm, rubric
        self.samples, self.seed, self.combine, self.quorum = samples, seed, combine, quorum
        self.show_reference, self.price, self.on_call = show_reference, price, on_call
        params = {"temperature": temperature, "max_tokens": max_tokens}
        self._params = {key: value for key, value in params.items() if value is not None}
        self._check()

    @abstractmethod
    def _check(self) -> None:
        """Raise ConfigError where the settings do not suit this kind of judge."""

    def describe(self) -> dict[str, Any]:
        """All that a verdict depends on beside the texts: equal descriptions, equal judges."""
        return {
            "kind": self.name, "arm": msgspec.to_builtins(self.arm), "params": dict(self._params),
            "rubric": self.rubric.describe(), "samples": self.samples, "seed": self.seed,
            "combine": self.combine, "quorum": self.quorum, "show_reference": self.show_reference,
        }  # fmt: skip

    async def aclose(self) -> None:
        """Close the backend."""
        await self.backend.aclose()

    async def _asked(
        self, question_id: str, fields: Mapping[str, str], reference: str | None
    ) -> tuple[GraderCall, ...]:
        """The answers of all samples, each with what its verdict is worth."""
        messages = self.rubric.messages(fields, reference if self.show_reference else None)
        asked = (self._call(f"{question_id}/judge/{i}", messages, i) for i in range(self.samples))
        return tuple(await asyncio.gather(*asked))

    async def _call(self, request_id: str, messages: Messages, sample: int) -> GraderCall:
        params: dict[str, Any] = {**self._params, "seed": self.seed + sample}
        request = Request(id=request_id, messages=tuple(messages), params=params)
        response = await self.backend.complete(request, self.arm)
        label = None if response.error else self.rubric.read(response.content)
        call = GraderCall(
            arm=self.arm, response=response,
            cost_usd=self.price(self.arm, response) if self.price else response.cost_usd,
            vote=math.nan if label is None else self.rubric.labels[label],
        )  # fmt: skip
        if self.on_call is not None:
            self.on_call(call)
        return call

    def _status(self, calls: Sequence[GraderCall]) -> Status:
        """Whether enough verdicts of one question could be read, and if not, whose fault it is."""
        readable = sum(not math.isnan(call.vote) for call in calls)
        if readable and readable >= self.quorum * len(calls):
            return "graded"
        return "failed" if all(call.response.error for call in calls) else "unparsed"


def said(calls: Sequence[GraderCall]) -> str:
    """What the judge replied, for the reader of a log."""
    texts = (
        f"error: {call.response.error}" if call.response.error else call.response.content.strip()
        for call in calls
    )
    return " | ".join(text[:300] for text in texts)
