"""The scorer, the thresholds and the posterior against what they must be."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from gairp.policies.cascade.posterior import Means, Posterior
from gairp.policies.cascade.routing import CascadeRouting
from gairp.policies.cascade.scorer import AnswerScorer, Logistic
from gairp.policies.cascade.signals import Signals
from gairp.policies.cascade.thresholds import best_thresholds
from gairp.types import Response, Usage
from tests.policies.cascade.world import World

TRAIN, TEST = World.drawn(1_500, seed=1), World.drawn(1_500, seed=2)


def test_signals_are_those_of_the_response_and_its_tokens() -> None:
    response = Response(model="m", usage=Usage(output_tokens=7.0), signals={"sign": 0.5})
    signals = Signals.of(response)
    assert [signals["sign"], signals["output_tokens"]] == [0.5, 7.0]
    assert np.isnan(signals["voice"])


def test_a_logistic_finds_the_coefficients_it_was_drawn_from() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40_000, 2))
    y = (rng.random(len(x)) < 1 / (1 + np.exp(-(0.5 + 2.0 * x[:, 0] - x[:, 1])))).astype(float)
    model = Logistic.fit(x, y, c=1e6)
    assert model.theta == pytest.approx([2.0, -1.0], abs=0.06)
    assert model.bias - model.theta @ model.mean == pytest.approx(0.5, abs=0.04)
    # An unknown input counts as its mean.
    unknown, mean = np.array([np.nan, 1.0]), np.array([model.mean[0], 1.0])
    assert model(unknown) == model(mean)


def test_the_scorer_tells_right_from_wrong() -> None:
    scorer = AnswerScorer(["sign"], c=1e6)
    scorer.fit(TRAIN.training_set())
    p = scorer.scores(TEST.training_set())
    for arm, name in enumerate(("small", "middle", "large")):
        y = TEST.score[:, arm]
        assert ((p[:, arm] - y) ** 2).mean() < 0.6 * y.var()
        assert p[:, arm].mean() == pytest.approx(y.mean(), abs=0.03)
        one = scorer.score(name, TEST.features[3], Signals({"sign": TEST.sign[3, arm]}))
        assert one == pytest.approx(p[3, arm], rel=1e-12)
    assert scorer.score("other", TEST.features[0], Signals({})) == 0.5


def test_what_a_score_tells_is_learned_on_rows_that_it_was_not_fitted_on() -> None:
    """With forty features of noise and few rows a scorer knows its own rows by heart. Quality must
    still move with the score one for one, as it does on rows that nobody has seen.
    """
    rng = np.random.default_rng(3)
    world, fresh = (
        World(rng.normal(size=(400, 40)), w.score, w.cost, w.latency, w.sign)
        for w in (World.drawn(400, seed=3), World.drawn(400, seed=4))
    )
    policy = CascadeRouting(signals=["sign"])
    policy.fit(world.training_set(), np.random.default_rng(0))
    posterior = policy._posterior
    assert posterior is not None
    slopes, _ = posterior.next_scores(posterior.covariance, [0, 1, 2])
    assert np.diag(slopes) == pytest.approx([1.0, 1.0, 1.0], abs=0.4)
    means, scores = policy._prior(fresh.features), policy._scores(fresh.training_set())
    for arm in range(3):
        given = [
            posterior.given(mean, [arm], [score[arm]])[0][arm]
            for mean, score in zip(means, scores, strict=True)
        ]
        y = fresh.score[:, arm]
        assert ((given - y) ** 2).mean() < 0.8 * ((means[:, arm] - y) ** 2).mean()


@pytest.mark.parametrize("stages", [2, 3])
def test_thresholds_are_the_best_there_are(stages: int) -> None:
    """By hand over every threshold that tells the rows apart: 12 rows, so all quantiles are met."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        worth = rng.normal(size=(12, stages))
        scores = np.round(rng.random((12, stages - 1)), 1)
        scores[rng.random(scores.shape) < 0.1] = np.nan
        grids = [[*np.unique(column[~np.isnan(column)]), np.inf] for column in scores.T]
        best = -np.inf
        for cuts in product(*grids):
            stops = np.column_stack([scores >= np.array(cuts), np.full(12, True)])
            best = max(best, worth[np.arange(12), stops.argmax(axis=1)].mean())
        found = best_thresholds(worth, scores)
        assert found.worth == pytest.approx(best)
        stops = np.column_stack([scores >= np.array(found.values), np.full(12, True)])
        assert worth[np.arange(12), stops.argmax(axis=1)].mean() == pytest.approx(best)


def test_the_posterior_is_that_of_the_normal_distribution_it_was_drawn_from() -> None:
    rng = np.random.default_rng(0)
    root = 0.3 * rng.normal(size=(4, 4))
    covariance = root @ root.T
    x = rng.normal(size=(100_000, 2))
    slope, level = rng.normal(size=(4, 2)), np.array([0.1, 0.2, 0.3, 0.4])
    both = x @ slope.T + level + rng.multivariate_normal(np.zeros(4), covariance, len(x))
    means = Means.fit(x, both, ridge=1e-9)
    found = Posterior.of(both - means(x))
    assert means.theta == pytest.approx(slope, abs=0.01)
    assert found.covariance == pytest.approx(covariance, abs=0.01)
    at = np.array([0.5, -1.0])
    mean = slope @ at + level
    assert means(at) == pytest.approx(mean, abs=0.02)
    now, spread = found.given(means(at), [1], [mean[3] + 0.5])
    gain = covariance[:, 3] / covariance[3, 3]
    assert now == pytest.approx(mean + 0.5 * gain, abs=0.03)
    left = covariance - np.outer(gain, covariance[3])
    assert spread == pytest.approx(left, abs=0.02)
    # One score more, foreseen: slope and spread of what it may tell are those of the joint one.
    slopes, nodes = found.next_scores(spread, [0])
    assert slopes[0, 0] == pytest.approx(left[0, 2] / left[2, 2], abs=0.05)
    assert nodes[0].std() == pytest.approx(np.sqrt(left[2, 2]), rel=0.05)
    assert abs(nodes[0].mean()) < 0.01


def test_an_answer_without_a_score_tells_nothing() -> None:
    world = TRAIN
    both = np.hstack([world.score, world.sign])
    both[:, 5] = np.nan
    regressions = Means.fit(world.features, both, ridge=None)
    found = Posterior.of(both - regressions(world.features))
    means = regressions(world.features[0])
    now, spread = found.given(means, [2], [np.nan])
    assert now.tolist() == means.tolist()
    slopes, nodes = found.next_scores(spread, [2])
    assert [slopes.tolist(), np.abs(nodes).max()] == [[[0.0]], 0.0]
