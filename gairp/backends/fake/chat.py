"""A model server that answers from a function: no model, no process, no time spent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from gairp.backends.chat import Message, Reply

#: From the conversation and the seed to the answer; seed 0 is the greedy one.
Script = Callable[[Sequence[Message], int], str]


class FakeChat:
    """Words are tokens; each generated one costs `seconds_per_token`. `calls` keeps what came."""

    def __init__(self, script: Script, *, seconds_per_token: float = 0.5) -> None:
        self.script, self.seconds_per_token = script, seconds_per_token
        self.calls: list[tuple[Message, ...]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def chat(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        cache: bool = False,
    ) -> Reply:
        """The script's answer, cut to `max_tokens` words."""
        self.calls.append(tuple(messages))
        words = self.script(messages, seed).split()
        spent = len(words[:max_tokens]) * self.seconds_per_token
        return Reply(
            text=" ".join(words[:max_tokens]),
            logprobs=tuple(-0.1 * (i + 1) for i in range(len(words[:max_tokens]))),
            first_token={words[0]: -0.1} if words else {},
            input_tokens=sum(len(message["content"].split()) for message in messages),
            output_tokens=len(words[:max_tokens]),
            cached_tokens=0,
            ttft_s=self.seconds_per_token,
            latency_s=spent,
            compute_s=spent,
            finish_reason="length" if len(words) > max_tokens else "stop",
        )

    def sample(
        self,
        messages: Sequence[Message],
        *,
        count: int,
        max_tokens: int,
        temperature: float,
        seed: int,
    ) -> list[Reply]:
        """One answer for each of the seeds 1 … `count`."""
        return [
            self.chat(messages, max_tokens=max_tokens, temperature=temperature, seed=i + 1)
            for i in range(count)
        ]
