"""A backend in this process that answers from a script, for runs without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from gairp.types import Arm, Chunk, Failure, Request, Response, Usage

Fault = Callable[[int], Failure | None]


class ScriptedBackend:
    """Answers with what `answers` has for the prompt, `latency_s` later.

    `wrong_on` names models that answer nonsense; `fail` says of each call, by its number, whether
    and how it fails; `output_tokens` overrides what is charged.
    """

    asked: list[tuple[str, str]]

    def __init__(
        self,
        *,
        answers: Mapping[str, str] | None = None,
        wrong_on: tuple[str, ...] = (),
        fail: Fault | None = None,
        latency_s: float = 0.0,
        output_tokens: float | None = None,
    ) -> None:
        self.answers, self.wrong_on, self.fail = answers or {}, wrong_on, fail
        self.latency_s, self.output_tokens = latency_s, output_tokens
        self.asked, self.closed = [], False

    async def complete(self, request: Request, arm: Arm) -> Response:
        number = len(self.asked)
        prompt: Any = request.messages[-1]["content"]
        self.asked.append((arm.name, prompt))
        await asyncio.sleep(self.latency_s)
        failure = None if self.fail is None else self.fail(number)
        content = "nonsense" if arm.model in self.wrong_on else self.answers.get(prompt, "42")
        return Response(
            model=arm.model,
            content="" if failure else content,
            usage=Usage(input_tokens=5.0, output_tokens=self.output_tokens or 2.0),
            first_token_s=0.01,
            latency_s=0.02 + self.latency_s,
            error=failure,
        )

    async def stream(self, request: Request, arm: Arm) -> AsyncIterator[Chunk]:
        response = await self.complete(request, arm)
        yield Chunk(text=response.content)
        yield Chunk(response=response)

    async def aclose(self) -> None:
        self.closed = True
