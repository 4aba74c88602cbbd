"""What a log cannot tell is found, and the number is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gairp.ope.diagnosis import diagnose
from gairp.ope.evaluation import Evaluation, evaluate
from gairp.ope.logged import Logged
from gairp.ope.refusal import Floor, Refusal
from tests.ope.bandit import bandit


def uniform(n: int = 400, k: int = 4, **changed: Any) -> dict[str, Any]:
    """A uniform logger that tries its arms in turn, and a target that is uniform as well."""
    given: dict[str, Any] = {
        "rewards": np.tile([1.0, 0.0], n // 2),
        "actions": np.arange(n) % k,
        "propensities": np.full(n, 1.0 / k),
        "target": np.full((n, k), 1.0 / k),
    }
    return {**given, **changed}


def to_arm(arm: int, n: int = 400, k: int = 4) -> np.ndarray:
    return np.tile(np.eye(k)[arm], (n, 1))


def refused(log: Logged, **more: Any) -> Refusal:
    found = evaluate(log, rng=np.random.default_rng(0), draws=10, **more)
    assert isinstance(found, Refusal)
    return found


def test_the_figures_of_a_plain_log() -> None:
    found = diagnose(Logged(**uniform(target=to_arm(1))), versions=["a"] * 300 + ["b"] * 100)
    assert (found.rows, found.clusters) == (400, 400)
    assert found.ess == pytest.approx(100.0)  # a quarter of the rows has weight 4, all others 0
    assert found.max_weight == 4.0
    assert found.max_weight_share == pytest.approx(0.01)
    assert found.top_share == pytest.approx(0.04)
    assert found.weight_quantiles == (0.0, 4.0, 4.0, 4.0)
    assert found.mean_weight == pytest.approx(1.0)
    assert found.mean_weight_error == pytest.approx(np.sqrt(3.0) / 20, rel=0.01)
    assert (found.stale, found.missing, found.never_tried, found.unsupported) == (0.75, 0.0, (), 0)
    assert np.isnan(diagnose(Logged(**uniform())).stale)


def test_clusters_widen_the_error_of_the_mean_weight() -> None:
    given = uniform(target=to_arm(1))
    shuffled = np.repeat(np.arange(100), 4)
    in_turn = Logged(**given, clusters=shuffled)  # each cluster tries every arm once
    assert diagnose(in_turn).mean_weight_error == pytest.approx(0.0)
    alike = Logged(**given, clusters=np.arange(400) % 4)
    assert diagnose(alike).mean_weight_error == pytest.approx(np.sqrt(12.0 * 1e4 * 4 / 3) / 400)


def test_too_few_rows_agree() -> None:
    told = refused(Logged(**uniform(target=to_arm(1))), floor=Floor(min_ess=101)).reasons
    assert told == (
        "the effective sample size is 100.0 of 400 rows, below 101: the two policies agree on too "
        "few requests",
    )
    assert isinstance(
        evaluate(Logged(**uniform(target=to_arm(1))), rng=np.random.default_rng(0), draws=10),
        Evaluation,
    )
    share = Floor(min_ess=0, min_ess_share=0.3)
    assert "below 120" in str(refused(Logged(**uniform(target=to_arm(1))), floor=share))


def test_one_row_that_carries_the_weight() -> None:
    given = uniform(n=2000)
    given["propensities"] = given["propensities"].copy()
    given["propensities"][7] = 0.001  # weight 250 of 2,249
    told = refused(Logged(**given), floor=Floor(min_ess=0, min_ess_share=0))
    assert told.reasons[0].startswith("one row carries 11.1% of all weight, more than 10.0%")
    assert told.diagnosis.max_weight == 250.0


def test_arms_that_nobody_tried() -> None:
    given = uniform(target=np.full((400, 4), 0.25))
    given["actions"] = given["actions"] % 3
    given["propensities"] = np.full(400, 1 / 3)
    told = refused(Logged(**given)).reasons
    assert told[0] == (
        "the target gives 25.0% of its probability to arms that the logger never tried (3): "
        "nobody knows what they earn"
    )


def test_an_arm_that_was_no_candidate_in_some_contexts() -> None:
    given = uniform()
    logging = np.full((400, 4), 0.25)
    logging[:40] = [1 / 3, 1 / 3, 1 / 3, 0.0]
    told = diagnose(Logged(**given, logging=logging))
    assert told.unsupported == pytest.approx(0.025)
    assert told.never_tried == ()


def test_propensities_that_are_not_those_of_the_draw() -> None:
    told = refused(Logged(**uniform(propensities=np.full(400, 0.5), target=to_arm(1)))).reasons
    assert told[0].startswith("the mean weight is 0.5000 ± 0.0434 (standard error)")


def test_missing_rewards_are_counted_and_bounded() -> None:
    given = uniform()
    given["rewards"] = given["rewards"].copy()
    given["rewards"][given["actions"] == 3] = np.nan  # those are the zeros of the odd rows
    found = diagnose(Logged(**given))
    assert found.missing == 0.25
    assert found.missing_by_arm == (0.0, 0.0, 0.0, 1.0)
    assert found.worst_case == (0.5, 0.75)
    nobody = diagnose(Logged(**uniform(rewards=np.full(400, np.nan))))
    assert (nobody.ess, nobody.missing) == (0.0, 1.0)


def test_an_evaluation_has_all_that_was_asked_for() -> None:
    problem = bandit()
    log = problem.log(np.random.default_rng(0), 3000, bounds=(0.0, 1.0))
    found = evaluate(log, rng=np.random.default_rng(1), draws=200, max_weight=7.5)
    assert isinstance(found, Evaluation)
    assert [one.name for one in found.estimates][:4] == ["ips", "snips", "dr", "sndr"]
    dr = found["dr"]
    assert dr.low < problem.truth < dr.high
    assert dr.low < dr.value < dr.high
    assert found.logged_value == log.rewards.mean()
    assert found.bernstein is not None
    assert found.sequence is not None
    ips = found["ips"]
    for low, high in (found.bernstein, found.sequence):
        assert low < problem.truth < high
        assert high - low > ips.high - ips.low  # what holds at any n, or at all times, costs width
    with pytest.raises(KeyError):
        _ = found["mips"]


def test_clusters_leave_only_the_bootstrap() -> None:
    log = bandit().log(np.random.default_rng(0), 1000, clusters=np.arange(1000) // 2)
    found = evaluate(log, rng=np.random.default_rng(1), draws=20, max_weight=7.5)
    assert isinstance(found, Evaluation)
    assert found.bernstein is None
    assert found.sequence is None


def test_rewards_of_another_range_scale() -> None:
    log = bandit().log(np.random.default_rng(0), 2000, q_hat=None)
    given = {n: getattr(log, n) for n in ("actions", "propensities", "target")}
    other = Logged(rewards=10 * log.rewards - 4, bounds=(-4.0, 6.0), **given)
    one = evaluate(log, rng=np.random.default_rng(1), draws=20, max_weight=7.5)
    two = evaluate(other, rng=np.random.default_rng(1), draws=20, max_weight=7.5)
    assert isinstance(one, Evaluation)
    assert isinstance(two, Evaluation)
    assert two["snips"].value == pytest.approx(10 * one["snips"].value - 4)
    for ends in ("sequence", "bernstein"):
        scaled = [10 * end - 4 for end in getattr(one, ends)]
        assert list(getattr(two, ends)) == pytest.approx(scaled)
