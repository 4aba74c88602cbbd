"""Every estimator against its formula, worked by hand, and against simulated truth."""

from __future__ import annotations

import numpy as np
import pytest

from gairp.ope.catalogue import all_estimators
from gairp.ope.clipped import ClippedIPS
from gairp.ope.direct import DirectMethod
from gairp.ope.dr import DR
from gairp.ope.estimator import Estimator
from gairp.ope.ips import IPS
from gairp.ope.logged import Logged
from gairp.ope.mips import MIPS, marginal_weights
from gairp.ope.shrinkage import ShrinkageDR
from gairp.ope.slope import Slope, clipped_slope
from gairp.ope.sndr import SNDR
from gairp.ope.snips import SNIPS
from gairp.ope.switch import SwitchDR
from tests.ope.bandit import bandit


def by_hand() -> Logged:
    """Three rows: weights 2, 0.5 and 4; residuals 0.5, −0.25 and 0.75; q̂(π) 0.5, 0.25, 0.25."""
    return Logged(
        rewards=np.array([1.0, 0.0, 1.0]),
        actions=np.array([0, 1, 2]),
        propensities=np.array([0.25, 0.5, 0.125]),
        target=np.array([[0.5, 0.5, 0.0], [0.75, 0.25, 0.0], [0.0, 0.5, 0.5]]),
        q_hat=np.array([[0.5, 0.5, 0.9], [0.25, 0.25, 0.9], [0.9, 0.25, 0.25]]),
        logging=np.array([[0.25, 0.25, 0.5], [0.25, 0.5, 0.25], [0.5, 0.375, 0.125]]),
        groups=np.array([0, 1, 1]),
    )


BY_HAND: list[tuple[Estimator, float]] = [
    (IPS(), (2 + 0 + 4) / 3),
    (SNIPS(), 6 / 6.5),
    (ClippedIPS(ceiling=3.0), (2 + 0 + 3) / 3),
    (DirectMethod(), 1.0 / 3),
    (DR(), (1.0 + (2 * 0.5 - 0.5 * 0.25 + 4 * 0.75)) / 3),
    (SNDR(), 1.0 / 3 + (2 * 0.5 - 0.5 * 0.25 + 4 * 0.75) / 6.5),
    (SwitchDR(tau=3.0), (1.0 + (2 * 0.5 - 0.5 * 0.25)) / 3),
    (ShrinkageDR(lam=4.0), (1.0 + 1.0 * 0.5 - (2 / 4.25) * 0.25 + 0.8 * 0.75) / 3),
    (MIPS(), (2 * 1 + 0 + 2.0 * 1) / 3),
]


@pytest.mark.parametrize(("estimator", "value"), BY_HAND, ids=lambda it: getattr(it, "name", ""))
def test_a_formula_by_hand(estimator: Estimator, value: float) -> None:
    assert estimator.point(by_hand()) == pytest.approx(value, abs=1e-12)


def test_limits_are_other_estimators() -> None:
    log = by_hand()
    assert SwitchDR(tau=0.0).point(log) == pytest.approx(DirectMethod().point(log))
    assert SwitchDR(tau=np.inf).point(log) == pytest.approx(DR().point(log))
    assert ShrinkageDR(lam=0.0).point(log) == pytest.approx(DirectMethod().point(log))
    assert ShrinkageDR(lam=np.inf).point(log) == pytest.approx(DR().point(log))
    assert ClippedIPS(ceiling=np.inf).point(log) == pytest.approx(IPS().point(log))


def test_marginal_weights_sum_the_arms_of_a_group() -> None:
    assert marginal_weights(by_hand()).tolist() == [2.0, 0.25 / 0.75, 2.0]


def test_slope_takes_the_last_that_agrees_with_all_before() -> None:
    chooser = Slope([IPS(), IPS(), IPS()], name="three")
    n, estimates = 100, np.array([0.5, 0.45, 0.2])
    variances = n * np.array([0.04, 0.02, 0.01]) ** 2  # standard errors 0.04, 0.02, 0.01
    means = np.concatenate([estimates, variances + estimates**2])
    # 0.5 ± 0.08 and 0.45 ± 0.04 overlap; 0.2 ± 0.02 does not.
    assert chooser.choice(means, n) == 1
    assert chooser.value(means, n) == 0.45
    wide = np.concatenate([estimates, n * np.array([0.2, 0.02, 0.01]) ** 2 + estimates**2])
    assert chooser.choice(wide, n) == 1  # the third disagrees with the second
    both = np.stack([means, np.concatenate([estimates, np.ones(3) + estimates**2])])
    assert chooser.value(both, n).tolist() == [0.45, 0.2]


def test_slope_clips_where_weights_are_heavy() -> None:
    rng = np.random.default_rng(0)
    problem = bandit()
    log = problem.log(rng, 2000)
    chosen = clipped_slope()
    position = chosen.choice(chosen.columns(log).mean(axis=0), len(log))
    assert 0 < position < len(chosen.family) - 1  # the largest weight is under 20, and 1 is biased


@pytest.fixture(scope="module")
def replications() -> tuple[float, np.ndarray]:
    problem, estimators = bandit(), all_estimators()
    usable = [one for one in estimators if not one.needs_groups]
    found = np.array(
        [
            [one.point(problem.log(np.random.default_rng([3, i]), 500)) for one in usable]
            for i in range(200)
        ]
    )
    return problem.truth, found


def test_against_simulated_truth(replications: tuple[float, np.ndarray]) -> None:
    truth, found = replications
    names = [one.name for one in all_estimators() if not one.needs_groups]
    error = found.mean(axis=0) - truth
    noise = found.std(axis=0) / np.sqrt(len(found))
    bias = dict(zip(names, error, strict=True))
    for i, name in enumerate(names):
        if name in ("ips", "snips", "dr", "sndr"):
            assert abs(error[i]) < 3.5 * noise[i], name
    assert bias["dm"] == pytest.approx(0.1 - 0.3 * truth, abs=0.01)  # as wrong as its model
    spread = dict(zip(names, found.std(axis=0), strict=True))
    assert spread["dr"] < 0.8 * spread["ips"]
    assert spread["snips"] < spread["ips"]


def test_no_direct_effect_makes_marginal_weights_unbiased() -> None:
    problem = bandit(k=4)
    twins = problem.means.copy()
    twins[:, 1], twins[:, 3] = twins[:, 0], twins[:, 2]
    problem = type(problem)(means=twins, logging=problem.logging, target=problem.target)
    groups = np.array([0, 0, 1, 1])
    found = np.array(
        [
            [one.point(problem.log(np.random.default_rng([5, i]), 400, groups=groups))
             for one in (MIPS(), IPS())]
            for i in range(200)
        ]
    )  # fmt: skip
    assert found[:, 0].mean() == pytest.approx(
        problem.truth, abs=3.5 * found[:, 0].std() / 200**0.5
    )
    assert found[:, 0].std() < 0.8 * found[:, 1].std()


def test_inverse_missingness_undoes_who_votes() -> None:
    """Unhappy users vote three times as often; the known chance of a vote corrects for it."""
    problem = bandit()
    naive, corrected = [], []
    for i in range(200):
        rng = np.random.default_rng([11, i])
        log = problem.log(rng, 500)
        chance = np.where(log.rewards > 0, 0.3, 0.9)
        votes = np.where(rng.random(500) < chance, log.rewards, np.nan)
        rows = {name: getattr(log, name) for name in ("actions", "propensities", "target", "q_hat")}
        naive.append(SNIPS().point(Logged(rewards=votes, **rows).complete()))
        modelled = Logged(rewards=votes, observed_probability=chance, **rows)
        corrected.append([one.point(modelled.complete()) for one in (IPS(), SNIPS(), DR(), SNDR())])
    assert np.mean(naive) < problem.truth - 0.15
    for column in np.array(corrected).T:
        assert column.mean() == pytest.approx(problem.truth, abs=4 * column.std() / 200**0.5 + 2e-3)


def test_nobody_to_trust_is_told() -> None:
    log = by_hand()
    bare = Logged(
        rewards=log.rewards, actions=log.actions, propensities=log.propensities, target=log.target
    )
    with pytest.raises(ValueError, match="q_hat is absent"):
        DR().point(bare)
    with pytest.raises(ValueError, match="mips needs `groups`"):
        MIPS().point(bare)
    assert [one.name for one in all_estimators() if one.fits(bare)] == [
        *("ips", "snips", "clipped_ips(10)", "clipped_ips(slope)"),
    ]
