"""Intervals that hold at every n and at all times; evidence that may be looked at at will."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gairp.ope.bernstein import empirical_bernstein
from gairp.ope.bets import BETS, log_capital, log_capital_path, lower_end
from gairp.ope.e_value import log_e_values
from gairp.ope.plug_in import plug_in_sequence
from gairp.ope.sequence import dr_sequence, ips_sequence, lower_sequence, running_means
from tests.ope.bandit import bandit


def test_empirical_bernstein_by_hand() -> None:
    low, high = empirical_bernstein([0.0, 1.0, 2.0, 3.0], low=0.0, high=4.0, alpha=0.1)
    log_term = math.log(40.0)
    width = math.sqrt(2 * (5 / 3) * log_term / 4) + 7 * 4 * log_term / 9
    assert (low, high) == pytest.approx((1.5 - width, 1.5 + width))
    with pytest.raises(ValueError, match="outside the bounds"):
        empirical_bernstein([0.0, 5.0], low=0.0, high=4.0)
    with pytest.raises(ValueError, match="variance needs two"):
        empirical_bernstein([0.0], low=0.0, high=4.0)


def test_capital_by_hand() -> None:
    steps = np.array([0.5, -1.0, 0.25])
    capital = np.cumprod(1 + BETS[:, None] * steps, axis=1).mean(axis=0)
    assert log_capital_path(steps) == pytest.approx(np.log(capital))
    assert log_capital(steps) == pytest.approx(np.log(capital[-1]))
    assert np.isfinite(log_capital(np.full((2, 9), -1.0))).all()


def test_a_lower_end_is_where_the_capital_reaches_the_bar() -> None:
    u = np.random.default_rng(0).exponential(0.4, 5000)
    end = float(lower_end(u, 0.05))
    assert log_capital(u - end) == pytest.approx(math.log(20), abs=1e-3)
    assert 0.36 < end < 0.4
    ends = lower_sequence(u, alpha=0.05, times=[10, 1000, 5000])
    assert ends.tolist() == [lower_end(u[:10], 0.05), lower_end(u[:1000], 0.05), end]
    falling = np.concatenate([u, np.zeros(5000)])
    assert lower_sequence(falling, alpha=0.05, times=[5000, 10_000]).tolist() == [end, end]
    scaled = lower_sequence(2 * u - 1, alpha=0.05, low=-1.0, top_mean=1.0)
    assert scaled.tolist() == [pytest.approx(2 * end - 1)]
    assert lower_sequence(np.zeros(9), alpha=0.05).tolist() == [0.0]
    with pytest.raises(ValueError, match="below the bound 0"):
        lower_sequence([0.1, -0.2], alpha=0.05)


@pytest.fixture(scope="module")
def streams() -> tuple[float, np.ndarray, np.ndarray]:
    """400 logs of 600 rows: truth, weights and rewards, both [400, 600]."""
    problem = bandit()
    logs = [problem.log(np.random.default_rng([8, i]), 600) for i in range(400)]
    return (
        problem.truth,
        np.stack([log.weights for log in logs]),
        np.stack([log.rewards for log in logs]),
    )


def test_the_truth_is_ever_missed_by_few(streams: tuple[float, np.ndarray, np.ndarray]) -> None:
    """Of 400 streams that are looked at after every request, at most 5% and noise."""
    truth, weights, rewards = streams
    over = log_capital_path(weights * rewards - truth) >= math.log(40)
    under = log_capital_path(weights * (1 - rewards) - (1 - truth)) >= math.log(40)
    assert (over | under).any(axis=1).mean() <= 0.05
    low, high = ips_sequence(weights[:20], rewards[:20])
    missed = (low > truth) | (high < truth)
    assert (
        missed[:, 0].tolist() == (over | under)[:20, -1].tolist()
    )  # the same, the other way round
    assert (low > 0.2).all()  # and they do say something
    assert (high < 0.95).all()
    ends = [plug_in_sequence(w, r) for w, r in zip(weights, rewards, strict=True)]
    assert np.mean([((low > truth) | (high < truth)).any() for low, high in ends]) <= 0.05


def test_a_model_narrows_the_sequence() -> None:
    problem = bandit()
    widths = []
    for i in range(10):
        log = problem.log(np.random.default_rng([9, i]), 3000, q_hat=None)
        q = running_means(log.actions, log.rewards, 3)
        expected = (log.target * q).sum(axis=1)
        low, high = dr_sequence(
            log.weights, log.rewards, expected, log.at_action(q), max_weight=7.5
        )
        assert low[0] < problem.truth < high[0]
        plain = ips_sequence(log.weights, log.rewards)
        widths.append((high[0] - low[0]) / (plain[1][0] - plain[0][0]))
    assert np.mean(widths) < 0.95
    with pytest.raises(ValueError, match="above the declared bound 2"):
        dr_sequence([3.0], [1.0], [0.5], [0.5], max_weight=2.0)
    with pytest.raises(ValueError, match="declared bounds"):
        ips_sequence([1.0], [3.0])


def test_running_means_never_look_ahead() -> None:
    q = running_means([0, 1, 0, 0], [1.0, np.nan, 0.0, 1.0], 2)
    assert q.tolist() == [[0.5, 0.5], [0.75, 0.5], [0.75, 0.5], [0.5, 0.5]]


def test_evidence_by_hand() -> None:
    found = log_e_values([0.5, -1.0, 2.0], lowest=-2.0)
    capital = np.cumprod(1 + BETS[:, None] * np.array([0.25, -0.5, 1.0]), axis=1).mean(axis=0)
    assert found == pytest.approx(np.log(capital))
    assert np.isfinite(log_e_values([-2.0] * 5, lowest=-2.0)).all()
    with pytest.raises(ValueError, match="below the declared bound -2"):
        log_e_values([-3.0], lowest=-2.0)
    with pytest.raises(ValueError, match="lowest is 0"):
        log_e_values([1.0], lowest=0.0)


def test_evidence_against_equals_is_rarely_strong() -> None:
    d = np.random.default_rng(0).choice([-1.0, 1.0], (1000, 300))
    assert (log_e_values(d, lowest=-1.0).max(axis=1) >= math.log(20)).mean() <= 0.05
    better = d + 0.3
    assert (log_e_values(better, lowest=-1.0).max(axis=1) >= math.log(20)).mean() > 0.9
