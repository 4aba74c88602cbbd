"""A second arm is asked beside one that takes too long; the first to answer wins."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import openai
import pytest

from gairp.errors import ConfigError
from gairp.gateway.exchange.hedges import Hedges
from gairp.records.events import Decided, Observed, Settled
from gairp.records.reading import read_events
from tests.gateway.test_keys import SECRET, key
from tests.gateway.world import HI, World, world

SMALL, LARGE = "the small answer", "the large answer"


def models(small_s: float, large_s: float) -> dict[str, Any]:
    """Both answer; each after so long."""
    return {
        "small": {"answer": {"text": SMALL}, "first_token_s": small_s},
        "large": {"answer": {"text": LARGE}, "first_token_s": large_s},
    }


def run(home: Path, work: Any, *, after_s: float = 0.05, **more: Any) -> Any:
    """With a rule that hedges requests for `both`, which draws one of two arms."""
    rules = home / "rules.yaml"
    home.mkdir(parents=True, exist_ok=True)
    rules.write_text(
        f"rules:\n  - {{name: hedge, when: 'model == \"both\"', hedge_s: {after_s}}}\n"
    )

    async def main() -> Any:
        more.setdefault("hedge", {"share": 1.0})
        async with world(home, rules=str(rules), keys=[key(quota={"usd": 1.0})], **more) as it:
            it.client.api_key = SECRET
            return await work(it)

    return asyncio.run(main())


async def until_first(it: World, arm: str, ask: Any) -> Any:
    """Ask until this arm was drawn first; what came of it."""
    for _ in range(40):
        seen = len(it.gateway.engine.house.ink._owners)
        told = await ask()
        names = list(it.gateway.engine.house.ink._owners)[seen:]
        recent = it.fake.ledger.calls()[-len(names) :]
        if recent[0].model == arm:
            return told, names
    raise AssertionError(f"{arm} was never drawn")


def events(home: Path, kind: type[Any]) -> dict[str, Any]:
    found = [event for event in read_events(home / "journal") if isinstance(event, kind)]
    return {event.decision_id: event for event in found}


def test_the_quicker_one_answers_and_the_other_is_given_up(tmp_path: Path) -> None:
    async def work(it: World) -> tuple[Any, ...]:
        (raw, names) = await until_first(it, "small", lambda: it.ask("both"))
        await asyncio.sleep(0.05)
        ends = [call.ended for call in it.fake.ledger.calls()[-2:]]
        purse: Any = it.gateway.engine.purse
        return raw, names, ends, len(purse._open)

    raw, names, ends, held = run(tmp_path, work, models=models(3.0, 0.0))
    assert raw.parse().choices[0].message.content == LARGE
    assert raw.headers["x-gairp-arm"] == "large"
    first, second = names
    assert second == first.replace("/0", "+h/0") == raw.headers["x-gairp-decision-id"]
    assert ends == ["left", "answered"]
    decided, settled = events(tmp_path, Decided), events(tmp_path, Settled)
    assert decided[second].tags["hedge"] == "true"
    assert decided[second].candidates == ("large",)
    assert decided[second].propensity == 1.0
    assert (settled[first].billing, settled[second].billing) == ("unknown", "billed")
    assert held == 1  # what it cost is not known
    assert second in events(tmp_path, Observed)
    assert first not in events(tmp_path, Observed)  # it has no outcome to learn from


def test_a_stream_is_that_of_the_first_who_begins(tmp_path: Path) -> None:
    async def work(it: World) -> tuple[str, list[str]]:
        async def ask() -> str:
            stream = await it.client.chat.completions.create(model="both", messages=HI, stream=True)
            return "".join([c.choices[0].delta.content or "" async for c in stream if c.choices])

        said, names = await until_first(it, "small", ask)
        return said, names

    slow = {"answer": {"text": SMALL}, "first_token_s": 0.4, "per_token_s": 0.01}
    quick = {"answer": {"text": LARGE}, "first_token_s": 0.1, "per_token_s": 0.2}
    said, names = run(tmp_path, work, models={"small": slow, "large": quick})
    assert (said, len(names)) == (LARGE, 2)


def test_the_first_one_may_still_win(tmp_path: Path) -> None:
    async def work(it: World) -> Any:
        return await until_first(it, "small", lambda: it.ask("both"))

    raw, names = run(tmp_path, work, models=models(0.3, 5.0))
    assert raw.parse().choices[0].message.content == SMALL
    assert raw.headers["x-gairp-decision-id"] == names[0]
    settled = events(tmp_path, Settled)
    assert [settled[name].billing for name in names] == ["billed", "unknown"]


@pytest.mark.parametrize("fails", ["large", "both"])
def test_a_hedge_that_fails_ends_nothing(tmp_path: Path, fails: str) -> None:
    async def work(it: World) -> Any:
        async def ask() -> Any:
            try:
                return (await it.ask("both")).headers["x-gairp-arm"]
            except openai.APIStatusError as error:
                return error.message

        return await until_first(it, "small", ask)

    faults = [{"kind": "status_500", "model": "large"}]
    if fails == "both":
        faults.append({"kind": "hang_before_headers", "model": "small"})
    told, names = run(
        tmp_path, work, models=models(0.3, 0.0), faults=faults, retry={"calls": 1}, fallbacks=0,
        deadline_s=0.6, outliers={"most": 0.0}, breaker={"failures": 1000},
    )  # fmt: skip
    assert len(names) == 2
    assert told == "small" if fails == "large" else "arm 'small'" in told


def test_whoever_leaves_ends_both(tmp_path: Path) -> None:
    async def work(it: World) -> tuple[Any, ...]:
        asked = asyncio.create_task(it.ask("both"))
        while len(it.fake.ledger.calls()) < 2:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        await asyncio.sleep(0.2)
        ends = [call.ended for call in it.fake.ledger.calls()]
        return ends, it.gateway.in_flight, it.gateway.engine.hedges.begun

    assert run(tmp_path, work, models=models(5.0, 5.0)) == (["left", "left"], 0, 1)
    assert [event.billing for event in events(tmp_path, Settled).values()] == ["unknown"] * 2


def test_one_arm_alone_is_not_hedged(tmp_path: Path) -> None:
    async def work(it: World) -> tuple[str, int]:
        raw = await it.ask("small")
        return raw.headers["x-gairp-arm"], it.fake.ledger.total.calls

    hedge = {"after_s": 0.05, "share": 1.0}
    assert run(tmp_path, work, models=models(0.2, 0.0), hedge=hedge) == ("small", 1)


def test_no_more_than_a_share_is_hedged() -> None:
    hedges = Hedges(share=0.1)
    begun = 0
    for _ in range(1000):
        hedges.requests += 1
        begun += hedges.begin()
    assert begun == hedges.begun == 110
    with pytest.raises(ConfigError, match=r"hedge\.after_s is 0"):
        Hedges(after_s=0.0)
