"""What each event does to a request, to the last digit, and when."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from gairp.backends.recorded import RecordedPrompt
from gairp.errors import ConfigError, UnknownNameError
from gairp.replay.scenario.adversarial_order import AdversarialOrder
from gairp.replay.scenario.alias_redirect import AliasRedirect
from gairp.replay.scenario.event import Event
from gairp.replay.scenario.model_arrival import ModelArrival
from gairp.replay.scenario.model_retirement import ModelRetirement
from gairp.replay.scenario.moment import Moment, Scene
from gairp.replay.scenario.outage import Outage
from gairp.replay.scenario.price_change import PriceChange
from gairp.replay.scenario.price_schedule import PriceSchedule
from gairp.replay.scenario.quality_drift import QualityDrift
from gairp.replay.scenario.reprise import Reprise
from gairp.replay.scenario.scenario import Scenario, ordered
from gairp.replay.scenario.stage import Stage, Stream
from gairp.replay.scenario.traffic_mix import TrafficMix

ARMS = ("small", "large", "fast")
STAGE = Stage.of(ARMS, np.array([0.4, 0.8, 0.6]), np.array([1e-4, 1e-3, 5e-4]), requests=100)
COST = np.array([1e-4, 1e-3, 5e-4])


def moment(number: int = 50, now: float = 0.0, category: str = "sum", name: str = "p") -> Moment:
    prompt = RecordedPrompt(
        row=0,
        request_id=f"{name}{number}",
        features=np.ones(2),
        quality=np.array([0.5, 1.0, 0.8]),
        cost_usd=COST.copy(),
        latency_s=np.array([1.0, 4.0, 0.5]),
    )
    scene = Scene(
        columns={arm: i for i, arm in enumerate(ARMS)}, expected_cost=COST, max_cost=2 * COST,
        seed=0, categories=(category,),
    )  # fmt: skip
    return Moment(prompt, scene, number=number, now=now)


def played(*events: Event, **at: Any) -> Moment:
    met = moment(**at)
    Scenario(events, STAGE).play(met)
    return met


def test_roles_are_arms_by_utility_and_cost() -> None:
    names = {role: STAGE.arm(role) for role in ("best", "second", "worst", "cheapest", "dearest")}
    assert names == {
        "best": "large", "second": "fast", "worst": "small", "cheapest": "small",
        "dearest": "large",
    }  # fmt: skip
    with pytest.raises(UnknownNameError, match="arm or role in scenario 'huge'"):
        Scenario([PriceChange(arm="huge")], STAGE)


def test_a_price_change_reaches_bill_and_expectation_from_its_request_on() -> None:
    event = PriceChange(arm="best", factor=0.25, start={"request": 50}, end={"share": 0.6})
    for number, factor in ((49, 1.0), (50, 0.25), (59, 0.25), (60, 1.0)):
        met = played(event, number=number)
        assert met.done().cost_usd == pytest.approx(COST * [1, factor, 1])
        assert met.expected_cost == pytest.approx(COST * [1, factor, 1])
        assert met.max_cost == pytest.approx(2 * COST * [1, factor, 1])
    assert moment().done().cost_usd == pytest.approx(COST)


def test_a_ramp_takes_hold_little_by_little() -> None:
    event = QualityDrift(arm="large", by=0.5, start={"request": 20}, ramp={"request": 40})
    found = [played(event, number=n).done().quality[1] for n in (20, 30, 40, 60, 99)]
    assert found == pytest.approx([1.0, 0.875, 0.75, 0.5, 0.5])


@pytest.mark.parametrize(
    ("mode", "by", "after"), [("scale", 0.6, 0.48), ("shift", -0.3, 0.5), ("constant", 0.75, 0.75)]
)
def test_quality_drifts_as_its_mode_says(mode: Any, by: float, after: float) -> None:
    met = played(QualityDrift(arm="fast", mode=mode, by=by, categories=["sum"]))
    assert met.done().quality == pytest.approx([0.5, 1.0, after])
    elsewhere = played(QualityDrift(arm="fast", mode=mode, by=by, categories=["poem"]))
    assert elsewhere.done() is elsewhere.prompt


def test_flipping_keeps_zeros_and_ones_and_loses_the_share_it_says() -> None:
    event = QualityDrift(arm="large", mode="flip", by=0.7)
    found = [played(event, number=50, name=f"q{i}-").done().quality[1] for i in range(4000)]
    assert set(found) == {0.0, 1.0}
    assert np.mean(found) == pytest.approx(0.7, abs=0.03)


def test_an_outage_gives_errors_at_no_cost_and_a_brown_out_some_and_slowness() -> None:
    down = played(Outage(arm="large", after_s=2.0)).done()
    assert (down.quality[1], down.latency_s[1], down.cost_usd[1]) == (0.0, 2.0, 0.0)  # type: ignore[index]
    event = Outage(arm="large", share=0.3, slowdown=3.0)
    many = [played(event, name=f"q{i}-") for i in range(2000)]
    failed = [1 in met.failed for met in many]
    assert np.mean(failed) == pytest.approx(0.3, abs=0.04)
    slow = {float(met.done().latency_s[1]) for met in many if 1 not in met.failed}  # type: ignore[index]
    assert slow == {12.0}


def test_a_redirect_serves_and_bills_the_other_model() -> None:
    met = played(AliasRedirect(arm="large", to="small"))
    prompt = met.done()
    assert prompt.quality.tolist() == [0.5, 0.5, 0.8]
    assert prompt.cost_usd.tolist() == [1e-4, 1e-4, 5e-4]  # type: ignore[union-attr]
    assert met.served_by == {1: "small"}
    assert met.expected_cost is COST


def test_models_come_and_go() -> None:
    arrival = ModelArrival(arm="large", start={"request": 30})
    assert played(arrival, number=29).absent == {1}
    assert played(arrival, number=30).absent == set()
    assert Scenario([arrival], STAGE).arriving == {"large"}
    retirement = ModelRetirement(arm="small", start={"seconds": 60})
    assert played(retirement, now=59.0).absent == set()
    assert played(retirement, now=60.0).absent == {0}


def test_events_act_on_what_earlier_ones_have_done() -> None:
    drift = QualityDrift(arm="small", by=0.5)
    redirect = AliasRedirect(arm="large", to="small")
    assert played(drift, redirect).done().quality.tolist() == [0.25, 0.25, 0.8]
    assert played(redirect, drift).done().quality.tolist() == [0.25, 0.5, 0.8]


def test_a_schedule_is_steps_of_price() -> None:
    steps = [{"at": {"share": 0.3}, "factor": 0.5}, {"at": {"share": 0.6}, "factor": 0.25}]
    event = PriceSchedule(arm="large", steps=steps)
    found = [played(event, number=n).done().cost_usd[1] for n in (29, 30, 59, 60)]  # type: ignore[index]
    assert found == pytest.approx([1e-3, 5e-4, 5e-4, 2.5e-4])
    assert [Scenario([event], STAGE).segment(n, 0.0) for n in (29, 30, 60)] == [0, 1, 2]


def test_a_schedule_follows_dated_prices(tmp_path: Path) -> None:
    prices = {"models": {"m": [
        {"from": "2024-01-01", "input": 4.0, "output": 4.0},
        {"from": "2024-03-01", "input": 1.0, "output": 1.0},
    ]}}  # fmt: skip
    file = tmp_path / "prices.yaml"
    file.write_text(yaml.safe_dump(prices))
    event = PriceSchedule(
        arm="large", model="m", first="2024-01-01", last="2024-04-10",
        prices={"user_files": [str(file)], "genai": False},
    )  # fmt: skip
    # 100 days, 100 requests: the price falls on day 60.
    found = [played(event, number=n).expected_cost[1] for n in (59, 60)]
    assert found == pytest.approx([1e-3, 2.5e-4])


def test_segments_begin_at_turning_points() -> None:
    events = [
        QualityDrift(start={"request": 20}, ramp={"request": 10}, end={"request": 50}),
        PriceChange(start={"request": 50}),
        AdversarialOrder(blocks=4, start={"request": 60}),
    ]
    scenario = Scenario(events, STAGE)
    found = [scenario.segment(n, 0.0) for n in range(100)]
    assert [n for n in range(1, 100) if found[n] != found[n - 1]] == [20, 30, 50, 60, 70, 80, 90]


def stream() -> Stream:
    rng = np.random.default_rng(1)
    return Stream(
        rows=np.arange(100, 300),
        categories=tuple(rng.choice(["code", "poem"], 200).tolist()),
        utility=rng.random((200, 3)),
    )


def test_the_traffic_mix_shifts() -> None:
    rows = ordered(
        [TrafficMix(served=0.5, start={"share": 0.5})], stream(), np.random.default_rng(0)
    )
    assert len(rows) == len(set(rows.tolist())) == 100
    kinds = np.array(stream().categories)[rows - 100]
    assert (kinds[:50] == "code").mean() > 0.85
    assert (kinds[50:] == "poem").mean() > 0.85
    with pytest.raises(ConfigError, match="not at a time"):
        ordered([TrafficMix(start={"seconds": 3})], stream(), np.random.default_rng(0))


def test_adversarial_blocks_favour_one_arm_after_the_other() -> None:
    here = stream()
    rows = ordered([AdversarialOrder(blocks=4)], here, np.random.default_rng(0))
    assert sorted(rows.tolist()) == here.rows.tolist()
    first, second = np.argsort(-here.utility.mean(axis=0))[:2]
    margin = (here.utility[:, first] - here.utility[:, second])[rows - 100]
    one, two, three, four = (block.mean() for block in np.split(margin, 4))
    assert one > three > 0 > four > two


def test_a_reprise_serves_the_beginning_again() -> None:
    event = Reprise(start={"request": 80}, requests=30)
    rows = ordered([event], stream(), np.random.default_rng(0)).tolist()
    assert rows[:80] == list(range(100, 180))
    assert sorted(rows[80:]) == list(range(100, 130))
    scenario = Scenario([event], replace(STAGE, requests=110))
    assert [scenario.segment(n, 0.0) for n in (79, 80)] == [0, 1]


@pytest.mark.parametrize(
    ("at", "says"),
    [
        ({"start": {"percent": 3}}, "is no point in the stream"),
        ({"start": {"request": 3}, "end": {"seconds": 9}}, "mix seconds with request numbers"),
        ({"start": {"request": 30}, "end": {"request": 20}}, "does not come after start"),
        ({"start": {"request": -1}}, "negative"),
    ],
)
def test_a_wrong_time_is_refused(at: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        Scenario([PriceChange(**at)], STAGE)
