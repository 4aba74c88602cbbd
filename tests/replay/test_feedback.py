"""What policies are told, against its law."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gairp.backends.recorded import RecordedPrompt
from gairp.errors import ConfigError
from gairp.replay.feedback.delay import Delay
from gairp.replay.feedback.implicit import Implicit
from gairp.replay.feedback.judge import NoisyJudge
from gairp.replay.feedback.missing import Missing
from gairp.replay.feedback.nightly import Nightly
from gairp.replay.feedback.preference import Preference
from gairp.replay.feedback.told import Channel, FeedbackModel, Told
from gairp.replay.scenario.stage import Stage
from gairp.types import Outcome

ARMS = ("small", "large")
STAGE = Stage.of(ARMS, np.array([0.4, 0.8]), np.array([1e-4, 1e-3]), requests=10)
MANY = 4000


def told(
    *models: FeedbackModel, quality: float = 1.0, arm: int = 1, latency: float = 2.0
) -> list[Told]:
    """The same answer to many requests."""
    channel = Channel(models, STAGE, seed=3)
    found = []
    for i in range(MANY):
        prompt = RecordedPrompt(
            row=0, request_id=f"r{i}", features=np.ones(1), quality=np.array([0.25, quality]),
            output_tokens=np.array([100.0, 800.0]),
        )  # fmt: skip
        outcome = Outcome(
            request_id=f"r{i}", attempts=(), total_cost_usd=0.0, latency_s=latency,
            completed_at=100.0,
        )  # fmt: skip
        found.append(channel.send(Told(ARMS, arm, prompt, outcome, quality)))
    return found


def qualities(pieces: list[Told]) -> np.ndarray:
    return np.array([piece.quality for piece in pieces])


def test_delays_have_the_mean_and_the_tail_that_they_say() -> None:
    for law, near in (("fixed", 1e-9), ("exponential", 0.05)):
        delays = np.array([p.delay_s for p in told(Delay(law=law, mean_s=40.0))])  # type: ignore[arg-type]
        assert delays.mean() == pytest.approx(40.0, rel=near)
    heavy = np.array([p.delay_s for p in told(Delay(law="pareto", mean_s=60.0, tail=3.0))])
    assert heavy.min() >= 40.0  # mean (tail - 1) / tail
    assert (heavy > 80.0).mean() == pytest.approx(0.5**3, abs=0.02)
    assert heavy.mean() == pytest.approx(60.0, rel=0.05)


def test_a_nightly_batch_waits_for_its_hour() -> None:
    (early, *_), (late, *_) = (
        told(Nightly(hour=hour, day_s=240.0)) for hour in (3.0, 12.0)
    )  # fmt: skip
    assert early.sent_at == 30.0 + 240.0  # 100 s is after 03:00, which is at 30 s
    assert late.sent_at == 120.0


def test_what_is_missing_depends_on_the_answer() -> None:
    for quality, share in ((1.0, 0.1), (0.0, 0.5), (0.5, 0.3)):
        lost = [piece.lost for piece in told(Missing(good=0.1, bad=0.5), quality=quality)]
        assert 1.0 - np.mean(lost) == pytest.approx(share, abs=0.025)


def test_a_judge_errs_by_its_confusion_matrix_and_its_biases() -> None:
    judge = NoisyJudge(false_bad=0.3, false_good=0.1)
    assert qualities(told(judge, quality=1.0)).mean() == pytest.approx(0.7, abs=0.025)
    assert qualities(told(judge, quality=0.0)).mean() == pytest.approx(0.1, abs=0.02)
    sure = NoisyJudge(false_bad=0.0, false_good=0.0, bias={"large": 0.2}, verbosity=0.05)
    # 800 tokens are twice twice as long as 200.
    assert set(qualities(told(sure, quality=0.5))) == {0.5 + 0.2 + 0.05 * 2}
    assert set(qualities(told(sure, quality=0.9))) == {1.0}


def test_a_preference_is_drawn_by_the_difference_and_even_against_itself() -> None:
    chance = 1.0 / (1.0 + math.exp(-4.0 * (0.75 - 0.25)))
    pieces = told(Preference(against="cheapest", sharpness=4.0), quality=0.75)
    assert qualities(pieces).mean() == pytest.approx(chance, abs=0.025)
    assert set(qualities(told(Preference(against="small"), arm=0, quality=0.25))) == {0.5}


def test_users_walk_away_retry_edit_or_keep() -> None:
    model = Implicit(retry=0.5, edit=0.3, patience_s=4.0)
    gone = 1.0 - math.exp(-0.5)
    bad = qualities(told(model, quality=0.0))
    assert (bad == 0.0).mean() == pytest.approx(gone + (1 - gone) * 0.5, abs=0.025)
    assert (bad == 0.5).mean() == pytest.approx((1 - gone) * 0.3, abs=0.025)
    good = qualities(told(model, quality=1.0))
    assert set(good) == {0.0, 1.0}
    assert good.mean() == pytest.approx(1 - gone, abs=0.025)


def test_models_act_in_turn_and_the_same_way_every_time() -> None:
    first = told(NoisyJudge(), Missing(good=0.2, bad=0.8), Delay())
    again = told(NoisyJudge(), Missing(good=0.2, bad=0.8), Delay())
    assert [(p.quality, p.delay_s, p.lost) for p in first] == [
        (p.quality, p.delay_s, p.lost) for p in again
    ]
    kept = [p for p in first if not p.lost]
    # Of all-right answers a fifth is called wrong, and these are rated four times as often.
    assert np.mean([p.quality for p in kept]) == pytest.approx(0.16 / 0.32, abs=0.04)
    assert all(p.delay_s == 0.0 for p in first if p.lost)


def test_wrong_settings_are_named() -> None:
    for make, says in (
        (lambda: Delay(law="weibull"), "law is 'weibull'"),  # type: ignore[arg-type]
        (lambda: Delay(tail=1.0), "tail above 1"),
        (lambda: Missing(good=2.0), "good 2.0"),
        (lambda: NoisyJudge(false_bad=-1), "false_bad -1"),
        (lambda: Implicit(retry=0.8, edit=0.4), "sum may be 1"),
        (lambda: Nightly(hour=30), "hour 30"),
    ):
        with pytest.raises(ConfigError, match=says):
            make()
