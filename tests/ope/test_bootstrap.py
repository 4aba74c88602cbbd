"""A draw is a resampled log, estimated anew."""

from __future__ import annotations

import numpy as np
import pytest

from gairp.ope.bootstrap import bootstrap, bootstrap_many, percentiles
from gairp.ope.catalogue import all_estimators
from gairp.ope.estimator import Estimator
from gairp.ope.ips import IPS
from gairp.ope.logged import Logged
from gairp.ope.snips import SNIPS
from tests.ope.bandit import bandit


def usable() -> list[Estimator]:
    return [one for one in all_estimators() if not one.needs_groups]


def test_a_draw_is_every_estimator_on_resampled_rows() -> None:
    log = bandit().log(np.random.default_rng(1), 300)
    drawn = bootstrap(log, usable(), rng=np.random.default_rng(2), draws=5)
    rng = np.random.default_rng(2)
    for draw in drawn:
        again = log.rows(rng.integers(300, size=300, dtype=np.uint32))
        assert draw == pytest.approx([one.point(again) for one in usable()], abs=1e-12)


def test_clusters_are_drawn_whole() -> None:
    clusters = np.repeat(np.arange(40), [i % 5 + 1 for i in range(40)])
    log = bandit().log(np.random.default_rng(1), len(clusters), clusters=clusters)
    drawn = bootstrap(log, usable()[:4], rng=np.random.default_rng(2), draws=3)
    rng = np.random.default_rng(2)
    for draw in drawn:
        chosen = rng.integers(40, size=40, dtype=np.uint32)
        rows = np.concatenate([np.flatnonzero(clusters == one) for one in chosen])
        assert draw == pytest.approx([one.point(log.rows(rows)) for one in usable()[:4]], abs=1e-12)


def test_identical_rows_of_a_cluster_are_one_observation() -> None:
    log = bandit().log(np.random.default_rng(1), 200)
    doubled = log.rows(np.repeat(np.arange(200), 4))
    clustered = Logged(
        rewards=doubled.rewards, actions=doubled.actions, propensities=doubled.propensities,
        target=doubled.target, clusters=np.repeat(np.arange(200), 4),
    )  # fmt: skip
    one = bootstrap(log, [IPS()], rng=np.random.default_rng(0), draws=50)
    four = bootstrap(clustered, [IPS()], rng=np.random.default_rng(0), draws=50)
    assert four == pytest.approx(one)


def test_targets_share_their_draws() -> None:
    log = bandit().log(np.random.default_rng(1), 200)
    drawn = bootstrap_many([log, log], [IPS(), SNIPS()], rng=np.random.default_rng(0), draws=10)
    assert drawn.shape == (10, 2, 2)
    assert (drawn[:, 0] == drawn[:, 1]).all()
    assert drawn[:, 0, 0].tolist() != drawn[:, 0, 1].tolist()
    with pytest.raises(ValueError, match="different numbers of rows"):
        bootstrap_many([log, log.rows(np.arange(9))], [IPS()], rng=np.random.default_rng(0))


def test_percentiles_leave_undefined_draws_out() -> None:
    draws = np.arange(101.0)[:, None].repeat(2, axis=1)
    draws[0, 1] = np.nan
    assert percentiles(draws, alpha=0.1).tolist() == [[5.0, 95.0], [5.95, 95.05]]


def test_too_little_to_resample_is_told() -> None:
    log = bandit().log(np.random.default_rng(1), 10, clusters=np.zeros(10, int))
    with pytest.raises(ValueError, match="one cluster"):
        bootstrap(log, [IPS()], rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="draws is 0"):
        bootstrap(log, [IPS()], rng=np.random.default_rng(0), draws=0)


def test_the_interval_covers_the_truth() -> None:
    """Nominal 95% over 300 logs of 400 rows; the study has thousands of larger ones."""
    problem, wanted = bandit(), ("ips", "snips", "dr", "sndr")
    estimators = [one for one in all_estimators() if one.name in wanted]
    covered = np.zeros(len(estimators))
    for i in range(300):
        log = problem.log(np.random.default_rng([4, i]), 400)
        ends = percentiles(bootstrap(log, estimators, rng=np.random.default_rng(i), draws=200))
        covered += (ends[:, 0] <= problem.truth) & (problem.truth <= ends[:, 1])
    assert (covered / 300 > 0.91).all()
    assert (covered / 300 < 0.98).all()
