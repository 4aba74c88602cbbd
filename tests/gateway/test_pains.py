"""What hurts users of other gateways: each a test here."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import openai
import pytest

from gairp.gateway.errors import ApiError
from gairp.records.events import Settled
from gairp.records.reading import read_events
from tests.gateway.world import HI, World, world

WORDS = {"answer": {"text": "one two three four five six"}, "per_token_s": 0.02}


def in_world(home: Path, work: Callable[[World], Awaitable[Any]], **more: Any) -> Any:
    async def run() -> Any:
        async with world(home, **more) as it:
            return await work(it)

    return asyncio.run(run())


def settlements(home: Path) -> list[Settled]:
    """In order, once the gateway has ended."""
    return [event for event in read_events(home / "journal") if isinstance(event, Settled)]


async def read_stream(it: World, model: str = "small") -> tuple[str, openai.APIError | None]:
    """What came of a stream, and the error that ended it."""
    said = ""
    try:
        stream = await it.client.chat.completions.create(model=model, messages=HI, stream=True)
        async for chunk in stream:
            said += (chunk.choices[0].delta.content or "") if chunk.choices else ""
    except openai.APIError as error:
        return said, error
    return said, None


# -- a stream that is cut (BerriAI/litellm#40404, Portkey-AI/gateway#1797) ------------------


@pytest.mark.parametrize(
    "fault", ["reset_midstream", "close_midstream", "end_midstream", "hang_midstream"]
)
def test_a_stream_that_is_cut_ends_in_an_error_and_is_logged_as_broken(
    tmp_path: Path, fault: str
) -> None:
    faults = [{"kind": fault, "after_chunks": 3, "model": "small"}]
    said, error = in_world(
        tmp_path, read_stream, faults=faults, models={"small": WORDS, "large": WORDS},
        deadline_s=0.8,
    )  # fmt: skip
    assert said == "one two three"
    assert error is not None
    (settled,) = settlements(tmp_path)
    assert settled.error is not None
    assert settled.error.started
    assert settled.billing == "unknown"
    assert settled.finish_reason == ""


def test_before_the_first_byte_another_arm_answers(tmp_path: Path) -> None:
    faults = [{"kind": "reset_after_headers", "model": "small"}]
    models = {"small": WORDS, "large": {"answer": {"text": "the other one"}}}
    said, error = in_world(
        tmp_path, lambda it: read_stream(it, "both"), faults=faults, models=models,
        retry={"calls": 1},
    )  # fmt: skip
    assert (said, error) == ("the other one", None)


def test_a_response_that_fails_in_its_stream_is_no_answer(tmp_path: Path) -> None:
    async def work(it: World) -> tuple[list[str], Any]:
        stream = await it.client.responses.create(model="small", input="hello", stream=True)
        events = [event async for event in stream]
        return [event.type for event in events], events[-1]

    faults = [{"kind": "error_event", "after_chunks": 2, "message": "it broke"}]
    types, last = in_world(tmp_path, work, faults=faults, models={"small": WORDS, "large": WORDS})
    assert types[-1] == "error"
    assert "response.completed" not in types
    assert "it broke" in last.message
    (settled,) = settlements(tmp_path)
    assert settled.error is not None
    assert settled.billing == "unknown"


def test_a_response_that_speaks_of_its_events_goes_on(tmp_path: Path) -> None:
    async def work(it: World) -> list[Any]:
        stream = await it.client.responses.create(model="small", input="hello", stream=True)
        return [event async for event in stream]

    text = 'then "response.completed" or response.failed comes "type":"error" and no more'
    models = {"small": {"answer": {"text": text}}, "large": WORDS}
    events = in_world(tmp_path, work, models=models)
    said = "".join(e.delta for e in events if e.type == "response.output_text.delta")
    assert said == text
    assert events[-1].type == "response.completed"
    (settled,) = settlements(tmp_path)
    assert settled.error is None


# -- a 429 inside a stream (litellm#26015) ---------------------------------------------------


def test_a_429_inside_a_stream_is_a_rate_limit_and_is_asked_once(tmp_path: Path) -> None:
    async def work(it: World) -> tuple[str, Any, int, float]:
        said, error = await read_stream(it)
        before = time.process_time()
        await asyncio.sleep(0.5)  # in which nobody asks, and nothing may turn
        return said, error, it.fake.ledger.total.calls, time.process_time() - before

    faults = [{"kind": "error_event", "after_chunks": 2, "status": 429, "message": "slow down"}]
    said, error, calls, busy_s = in_world(
        tmp_path, work, faults=faults, models={"small": WORDS, "large": WORDS}
    )
    assert said == "one two"  # what came with the error as well
    assert error is not None
    assert "slow down" in str(error)
    assert calls == 1
    assert busy_s < 0.25
    (settled,) = settlements(tmp_path)
    assert settled.error is not None
    assert settled.error.kind == "rate_limit"


# -- shared budgets that cannot be reached (BerriAI/litellm#33325, maximhq/bifrost#3547) -----


def test_a_call_whose_money_cannot_be_held_is_not_made(tmp_path: Path) -> None:
    async def work(it: World) -> tuple[openai.APIStatusError, int]:
        purse: Any = it.gateway.engine.purse

        async def away(*_: Any) -> bool:
            raise ApiError(503, "limits cannot be checked now", code="limits_unavailable")

        purse.hold = away
        with pytest.raises(openai.InternalServerError) as caught:
            await it.ask("small")
        return caught.value, it.fake.ledger.total.calls

    error, calls = in_world(tmp_path, work)
    assert (error.status_code, calls) == (503, 0)
    assert "limits cannot be checked now" in error.message
    assert error.response.headers["retry-after"] == "1"
    assert [event.billing for event in settlements(tmp_path)] == ["free"]


# -- streaming that a dependency's release breaks (Portkey-AI/gateway#1389) ------------------


@pytest.mark.parametrize("name", ["uvicorn", "httptools", "uvloop", "msgspec", "openai", "limits"])
def test_what_is_tested_is_what_is_pinned(name: str) -> None:
    """Streams were read by these very releases in the tests above."""
    lock = (Path(__file__).resolve().parents[2] / "requirements.lock").read_text(encoding="utf-8")
    assert version(name) in re.findall(rf"^{name}==([^\s;]+)", lock, re.MULTILINE)
