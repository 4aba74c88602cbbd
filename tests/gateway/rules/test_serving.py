"""Rules in a running gateway: splits with their propensities, affinity, shadows, hot reload."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gairp.errors import ConfigError
from gairp.gateway.app import create_app
from gairp.records.events import Decided, Settled
from gairp.records.journal import read_events
from gairp.rules import main
from gairp.runners.replay_log.runner import ReplayLogRunner
from tests.gateway.world import World, settings, world

POLICIES = {
    "auto": {"_target_": "gairp.policies.linucb.LinUCB"},
    "any": {"_target_": "gairp.policies.random.Random"},
}


def run(tmp_path: Path, rules: str, work: Callable[[World], Awaitable[Any]], **more: Any) -> Any:
    path = tmp_path / "rules.yaml"
    path.write_text(rules)

    async def main() -> Any:
        async with world(tmp_path / "home", rules=str(path), policies=POLICIES, **more) as it:
            return await work(it)

    return asyncio.run(main())


def decided(tmp_path: Path) -> list[Decided]:
    events = read_events(tmp_path / "home" / "journal")
    return [event for event in events if isinstance(event, Decided)]


SPLIT = """
rules:
  - name: ab
    when: model == "gairp/auto"
    split:
      branches:
        learner: {to: gairp/auto, weight: 0.5}
        coin: {to: gairp/any, weight: 0.25}
        fixed: {to: small, weight: 0.25}
"""


def test_the_propensity_is_that_of_the_whole_chain(tmp_path: Path) -> None:
    async def work(it: World) -> None:
        for i in range(40):
            raw = await it.ask(messages=[{"role": "user", "content": f"question {i}"}])
            name = raw.headers["x-gairp-decision-id"]
            score = 1.0 if raw.headers["x-gairp-arm"] == "large" else 0.1
            await it.http.post("/v1/feedback", json={"decision_id": name, "score": score})

    run(tmp_path, SPLIT, work, floor=0.1)
    found = decided(tmp_path)
    assert {event.branch for event in found} == {"learner", "coin", "fixed"}
    for event in found:
        assert event.candidates == ("small", "large")
        assert sum(event.probabilities) == pytest.approx(1.0, abs=1e-12)
        assert event.propensity == event.probabilities[event.candidates.index(event.arm)]
        # The fixed branch gives `small` a quarter, the coin each arm an eighth.
        learner = event.probabilities[0] - 0.25 - 0.125
        assert 0.025 - 1e-9 <= learner <= 0.475 + 1e-9
        own = {"fixed": 1.0, "coin": 0.5}.get(event.branch or "")
        assert own is None or event.conditional_propensity == own
    path = ReplayLogRunner(log=tmp_path / "home" / "journal", out=tmp_path / "out").run()
    table = pd.read_csv(path)
    assert table["decisions"].sum() == 40


def test_a_session_keeps_its_arm(tmp_path: Path) -> None:
    rules = "rules: [{name: keep, affinity: session, to: gairp/any}]"

    async def work(it: World) -> list[set[str]]:
        found = []
        for session in range(8):
            arms = set()
            for _ in range(4):
                headers = {"x-gairp-session": f"s{session}"}
                raw = await it.ask("gairp/auto", extra_headers=headers)
                arms.add(raw.headers["x-gairp-arm"])
            found.append(arms)
        return found

    found = run(tmp_path, rules, work)
    assert all(len(arms) == 1 for arms in found)
    assert {arm for arms in found for arm in arms} == {"small", "large"}
    events = decided(tmp_path)
    assert sum(event.carried for event in events) == 8 * 3
    assert all(event.propensity == (1.0 if event.carried else 0.5) for event in events)
    ReplayLogRunner(log=tmp_path / "home" / "journal", out=tmp_path / "out").run()


def test_a_shadow_is_asked_logged_and_never_heard(tmp_path: Path) -> None:
    rules = "rules: [{name: watch, to: small, shadow: {to: large, usd_per_day: 1}}]"

    async def work(it: World) -> None:
        for _ in range(5):
            raw = await it.ask("gairp/auto")
            assert raw.headers["x-gairp-model"] == "small"
        stream = await it.client.chat.completions.create(
            model="x", messages=[{"role": "user", "content": "hi"}], stream=True
        )
        assert [chunk async for chunk in stream]
        await it.gateway.shadows.aclose()
        assert it.gateway.shadows.asked == 6

    run(tmp_path, rules, work)
    shadows = [event for event in decided(tmp_path) if event.kind == "shadow"]
    assert [event.arm for event in shadows] == ["large"] * 6
    settled = [
        event for event in read_events(tmp_path / "home" / "journal") if isinstance(event, Settled)
    ]
    assert sum(event.arm == "large" and event.cost_usd > 0 for event in settled) == 6


def test_a_shadow_never_delays_the_answer_and_has_a_budget(tmp_path: Path) -> None:
    rules = "rules: [{name: watch, to: small, shadow: {to: large, usd_per_day: 0.006}}]"
    models = {"small": {}, "large": {"first_token_s": 2.0}}

    async def work(it: World) -> tuple[float, int, int]:
        loop = asyncio.get_running_loop()
        start = loop.time()
        for _ in range(3):
            await it.ask("gairp/auto")
        took = loop.time() - start
        await it.gateway.shadows.aclose()
        return took, it.gateway.shadows.asked, it.gateway.shadows.dropped

    took, asked, dropped = run(tmp_path, rules, work, models=models)
    assert took < 2.0
    assert (asked, dropped) == (1, 2)  # each may cost 0.0047 USD at most


def test_fallbacks_are_asked_where_a_target_fails(tmp_path: Path) -> None:
    rules = "rules: [{name: f, to: small, fallbacks: [large]}]"

    async def work(it: World) -> Any:
        return (await it.ask("gairp/auto")).headers

    headers = run(
        tmp_path, rules, work, fallbacks=0, retry={"calls": 1},
        faults=[{"kind": "status_500", "when": "call 1"}],
    )  # fmt: skip
    assert headers["x-gairp-model"] == "large"


def test_a_reload_is_taken_and_a_bad_one_refused(tmp_path: Path) -> None:
    async def work(it: World) -> list[str]:
        path = tmp_path / "rules.yaml"
        seen = [(await it.ask("x")).headers["x-gairp-model"]]
        path.write_text("rules: [{name: r, to: large}]")
        await asyncio.sleep(1.3)
        seen.append((await it.ask("x")).headers["x-gairp-model"])
        path.write_text("rules: [{name: r, to: nowhere}]")
        await asyncio.sleep(1.3)
        seen.append((await it.ask("x")).headers["x-gairp-model"])
        return seen

    found = run(tmp_path, "rules: [{name: r, to: small}]", work)
    assert found == ["small", "large", "large"]


def test_a_gateway_does_not_start_with_wrong_rules(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("rules: [{name: r, to: nowhere}]")
    app = create_app(settings("http://127.0.0.1:1/v1", tmp_path / "home", rules=str(path)))

    async def start() -> None:
        async with app.running():
            raise AssertionError("it started")

    with pytest.raises(ConfigError, match=r"rules\.yaml:1:23: rule 'r': 'nowhere' is unknown"):
        asyncio.run(start())


def test_the_command_checks_explains_and_tests(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(
        "rules:\n"
        "  - {name: gold, when: tags.plan == 'gold', to: smollm2_brief}\n"
        "tests:\n"
        "  - {name: a gold plan, given: {tags: {plan: gold}}, rule: gold, to: smollm2_brief}\n"
        "  - {name: the others, given: {model: gairp/auto}, to: gairp/auto}\n"
    )
    assert main(["check", str(path)]) == 0
    assert main(["test", str(path)]) == 0
    assert "2 passed, 0 failed" in capsys.readouterr().out
    assert main(["explain", str(path), 'tags={"plan": "gold"}']) == 0
    assert "'rule': 'gold', 'to': 'smollm2_brief'" in capsys.readouterr().out
    path.write_text(path.read_text().replace("rule: gold,", "rule: silver,"))
    assert main(["test", str(path)]) == 1
    assert main(["explain", str(path), "moon=1"]) == 2
    assert "there is no fact 'moon'" in capsys.readouterr().err


def test_the_command_looks_where_the_gateway_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "etc" / "serving").mkdir(parents=True)
    (tmp_path / "etc" / "serving" / "ours.yaml").write_text(
        "defaults: [base, _self_]\nbackends: {b: {base_url: 'http://127.0.0.1:1/v1'}}\n"
        "arms: {ours: {backend: b, model: m}}\n"
    )
    path = tmp_path / "rules.yaml"
    path.write_text("rules:\n  - {name: all, to: ours}\n")
    where = ["--serving", "ours", "--config-dir", str(tmp_path / "etc")]
    assert main(["check", str(path), *where]) == 0
    assert main(["explain", str(path), *where, "tenant=acme"]) == 0
    assert "'to': 'ours'" in capsys.readouterr().out
    assert main(["check", str(path)]) == 2
    assert "'ours' is unknown; there are: gairp/auto" in capsys.readouterr().err
    assert main(["check", str(path), *where[:2]]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: --serving ours: In 'serve': Could not find 'serving/ours' ")
    assert said.count("\n") == 1
