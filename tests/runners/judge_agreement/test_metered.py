"""A local judge costs what its server's process works."""

from __future__ import annotations

import asyncio
import math
import os
from typing import Any

import pytest

from gairp.errors import ConfigError
from gairp.runners.judge_agreement.metered import Metered
from gairp.types import Arm, Failure, Request, Response

ARM = Arm(name="j", model="m")


class Server:
    pid = os.getpid()


class Working:
    """A backend whose server is this process: a call works for a while, or only waits."""

    server = Server()

    def __init__(self, *, work_s: float = 0.0, error: Failure | None = None) -> None:
        self.work_s, self.error = work_s, error
        self.started = self.closed = self.inside = 0

    async def start(self) -> None:
        self.started += 1

    async def complete(self, request: Request, arm: Arm) -> Response:
        self.inside += 1
        assert self.inside == 1
        start = os.times().user + os.times().system
        while os.times().user + os.times().system - start < self.work_s:
            sum(range(1000))
        await asyncio.sleep(0.05)
        self.inside -= 1
        return Response(model=arm.model, content="yes", error=self.error)

    async def aclose(self) -> None:
        self.closed += 1


def metered(backend: Any, usd_per_core_hour: float = 3600.0) -> Metered:
    return Metered(backend=backend, usd_per_core_hour=usd_per_core_hour)


def test_work_costs_and_waiting_does_not() -> None:
    work = asyncio.run(metered(Working(work_s=0.2)).complete(Request(id="r"), ARM))
    wait = asyncio.run(metered(Working()).complete(Request(id="r"), ARM))
    assert 0.15 < work.cost_usd < 0.6
    assert 0.0 <= wait.cost_usd < 0.05


def test_calls_go_one_at_a_time() -> None:
    async def both() -> list[Response]:
        backend = metered(Working())
        calls = (backend.complete(Request(id=name), ARM) for name in "ab")
        return list(await asyncio.gather(*calls))

    assert [response.content for response in asyncio.run(both())] == ["yes", "yes"]


def test_a_failed_call_has_no_known_cost() -> None:
    broken = Working(error=Failure(kind="connection", message="gone"))
    response = asyncio.run(metered(broken).complete(Request(id="r"), ARM))
    assert math.isnan(response.cost_usd)


def test_closing_it_ends_the_server() -> None:
    backend = Working()
    asyncio.run(metered(backend).aclose())
    assert backend.closed == 1


def test_a_price_below_zero_is_refused() -> None:
    with pytest.raises(ConfigError, match="usd_per_core_hour is -1"):
        metered(Working(), -1.0)
