"""A judge's bench for tests: a backend that replies from a function, and a rubric."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from gairp.rewards.judges import Rubric
from gairp.types import Arm, Chunk, Failure, Request, Response

ARM = Arm(name="j", model="judge-model")

YES_NO = Rubric(
    system="You check answers.",
    ask="{question}\n{answer}\nIs it right?",
    ask_with_reference="{question}\n{reference}\n{answer}\nIs it right?",
    labels={"yes": 1.0, "no": 0.0},
)
BETTER = Rubric(
    ask="{question}\n{first}\n{second}\nWhich is better?",
    labels={"A": 1.0, "B": 0.0, "tie": 0.5},
)

#: From the request to the reply, or to None for a failed call.
Reply = Callable[[Request], str | None]


class Bench:
    """Replies as `reply` says; keeps the requests; each call costs what `cost_usd` says."""

    def __init__(self, reply: Reply, *, cost_usd: float = 0.25) -> None:
        self.reply, self.cost_usd = reply, cost_usd
        self.requests: list[Request] = []
        self.closed = 0

    async def complete(self, request: Request, arm: Arm) -> Response:
        self.requests.append(request)
        text = self.reply(request)
        if text is None:
            error = Failure(kind="timeout", message="no answer in 1 s")
            return Response(model=arm.model, error=error, cost_usd=0.0)
        return Response(model=arm.model, content=text, cost_usd=self.cost_usd)

    def stream(self, request: Request, arm: Arm) -> AsyncIterator[Chunk]:
        raise NotImplementedError

    async def aclose(self) -> None:
        self.closed += 1


def user_text(request: Request) -> str:
    return str(request.messages[-1]["content"])
