"""Each method against what can be worked out another way."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.optimize import check_grad
from scipy.special import expit

from gairp.errors import ConfigError, PolicyError
from gairp.policies.greedy_linear import GreedyLinear
from gairp.policies.learned.bradley_terry import BradleyTerry
from gairp.policies.learned.cluster import Cluster
from gairp.policies.learned.ensemble import Ensemble
from gairp.policies.learned.extra_trees import ExtraTrees
from gairp.policies.learned.gradient_boosting import GradientBoosting
from gairp.policies.learned.irt import IRT
from gairp.policies.learned.logistic import Logistic
from gairp.policies.learned.matrix_factorisation import MatrixFactorisation
from gairp.policies.learned.mlp import MLP
from gairp.policies.learned.pairs import Pairs, borda
from gairp.policies.learned.per_arm import soft_labels
from gairp.policies.learned.svm import SVM
from gairp.policies.learned.win_probability import WinProbability
from tests.policies.learned.world import World
from tests.policies.trained import decide, fitted, training_set

WORLD = World.drawn(300, seed=1, arms=3, d=5)
NAN = float("nan")


def test_logistic_solves_its_likelihood_equations() -> None:
    """Σ (sigma - y) x = -θ/c, in scaled features, for scores between 0 and 1 too."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(200, 3)), rng.random((200, 1))
    x = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0).mean())
    router = fitted(Logistic(c=0.5), training_set(y, arms="a", features=x))
    theta = router._theta[0]
    error = router.estimates(x)[:, 0] - y[:, 0]
    assert error @ x + theta / 0.5 == pytest.approx(np.zeros(3), abs=0.02)
    assert error.sum() == pytest.approx(0.0, abs=0.02)


def test_soft_labels() -> None:
    x, label, weight = soft_labels(np.array([[1.0], [2.0], [3.0]]), np.array([1.0, 0.25, 0.0]))
    assert x[:, 0].tolist() == [1.0, 2.0, 2.0, 3.0]
    assert label.tolist() == [True, True, False, False]
    assert weight.tolist() == [1.0, 0.25, 0.75, 1.0]


@pytest.mark.parametrize("router", [Logistic(), SVM()])
def test_an_arm_that_never_or_always_succeeds(router: Logistic) -> None:
    x = np.random.default_rng(0).normal(size=(40, 2))
    fitted(router, training_set([[0.0, 1.0]] * 40, arms="ab", features=x))
    assert router.estimates(x)[:, 0] == pytest.approx(np.zeros(40), abs=2e-3)
    assert router.estimates(x)[:, 1] == pytest.approx(np.ones(40), abs=2e-3)


def test_the_network_is_that_of_scikit_learn() -> None:
    from sklearn.neural_network import MLPRegressor

    router = fitted(MLP(hidden=6, epochs=5), WORLD.training_set())
    seed = int(np.random.default_rng(0).integers(2**31))
    peer = MLPRegressor(
        hidden_layer_sizes=(6,),
        alpha=1e-2,
        max_iter=5,
        learning_rate_init=3e-3,
        batch_size=128,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that five passes are few
        peer.fit(router._scaler(WORLD.features), WORLD.score)
    expected = peer.predict(router._scaler(WORLD.features))
    assert router.estimates(WORLD.features) == pytest.approx(expected, abs=1e-9)


def test_networks_of_arms_that_saw_other_rows_are_kept_apart() -> None:
    score = WORLD.score.copy()
    score[:150, 2] = NAN
    mixed = fitted(MLP(epochs=3), training_set(score, features=WORLD.features))
    assert mixed._first.shape == (5, 64)
    assert (mixed._second[:32, 2] == 0).all()
    assert (mixed._second[32:, :2] == 0).all()


def test_the_trees_are_those_of_scikit_learn() -> None:
    from sklearn.ensemble import HistGradientBoostingRegressor

    router = fitted(GradientBoosting(trees=20, depth=4, min_leaf=5), WORLD.training_set())
    for arm in range(3):
        peer = HistGradientBoostingRegressor(
            max_iter=20, learning_rate=0.05, max_depth=4, min_samples_leaf=5, early_stopping=False
        ).fit(WORLD.features, WORLD.score[:, arm])
        x = World.drawn(600, seed=5, arms=3, d=5).features
        assert router.estimates(x)[:, arm] == pytest.approx(peer.predict(x), abs=1e-12)


def test_pairs_and_their_way_back() -> None:
    score = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, NAN]])
    pairs = Pairs.of(np.nan_to_num(score), ~np.isnan(score))
    assert (pairs.first.tolist(), pairs.second.tolist()) == ([0, 0, 1], [1, 2, 2])
    assert pairs.win.tolist() == [[1.0, 0.75, 0.25], [0.0, 0.0, 0.0]]
    assert pairs.known.tolist() == [[True, True, True], [True, False, False]]
    strength = np.array([0.3, -0.2, 1.0])
    lead = [np.mean([2 * expit(a - b) - 1 for b in strength]) for a in strength]
    assert borda(strength) == pytest.approx(lead, abs=1e-15)
    assert borda(strength).sum() == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_gradients_of_the_factorisation(missing: float) -> None:
    rng = np.random.default_rng(4)
    observed = rng.random((30, 3)) >= missing
    pairs = Pairs.of(WORLD.score[:30], observed)
    router, z = MatrixFactorisation(dim=2), WORLD.features[:30]

    def parts(flat: np.ndarray) -> list[np.ndarray]:
        return [flat[:6].reshape(2, 3), flat[6:16].reshape(5, 2), flat[16:]]

    def gradient(flat: np.ndarray) -> np.ndarray:
        return np.concatenate([g.ravel() for g in router._loss(z, pairs, *parts(flat))[1]])

    at = rng.normal(size=19)
    assert check_grad(lambda f: router._loss(z, pairs, *parts(f))[0], gradient, at) < 1e-6


def test_gradients_of_item_response() -> None:
    rng = np.random.default_rng(4)
    router, z = IRT(dim=2), WORLD.features[:30]
    score, observed = WORLD.score[:30], rng.random((30, 3)) < 0.7

    def parts(flat: np.ndarray) -> list[np.ndarray]:
        ability, ease, slope, start, difficulty = np.split(flat, [6, 9, 19, 21])
        return [ability.reshape(2, 3), ease, slope.reshape(5, 2), start, difficulty]

    def gradient(flat: np.ndarray) -> np.ndarray:
        found = router._loss(z, score, observed, *parts(flat))[1]
        return np.concatenate([g.ravel() for g in found])

    at = rng.normal(size=26)
    found = check_grad(lambda f: router._loss(z, score, observed, *parts(f))[0], gradient, at)
    assert found < 1e-6


def test_bradley_terry_of_equal_weights_balances_wins() -> None:
    """At the optimum every arm has as many wins as it is expected to have, ties of prior apart."""
    router = fitted(BradleyTerry(gamma=1.0, prior=1e-9), WORLD.training_set())
    strength = router._strengths(WORLD.features[:1] / np.linalg.norm(WORLD.features[0]))[0]
    pairs = Pairs.of(WORLD.score, np.ones_like(WORLD.score, dtype=bool))
    expected = 300 * expit(strength[pairs.first] - strength[pairs.second])
    signs = pairs.signs(3)
    assert pairs.win.sum(axis=0) @ signs == pytest.approx(expected @ signs, abs=1e-6)


def test_clusters_know_their_means() -> None:
    x = np.repeat(np.eye(2), 10, axis=0) * 5.0
    score = np.repeat([[1.0, 0.0], [0.0, 0.5]], 10, axis=0)
    router = fitted(Cluster(clusters=2, prior=10.0), training_set(score, arms="ab", features=x))
    assert router.estimates(x[[0, 10]]) == pytest.approx(
        np.array([[0.75, 0.125], [0.25, 0.375]]), abs=1e-12
    )
    both = fitted(Cluster(clusters=2, nearest=2), training_set(score, arms="ab", features=x))
    assert both.estimates(x[[0, 10]]) == pytest.approx(np.full((2, 2), [0.5, 0.25]), abs=1e-12)


def test_the_strong_model_is_asked_from_the_threshold_on() -> None:
    router = fitted(WinProbability(threshold=0.55), WORLD.training_set())
    weak, strong = router.arms
    rate = router.win_rate(WORLD.features)
    assert 0.1 < (rate >= 0.55).mean() < 0.9
    for x, p in zip(WORLD.features[:60], rate, strict=False):
        decision = decide(router, x=x)
        assert decision.arm == (strong if p >= 0.55 else weak)
        assert (decision.scores or ())["abc".index(strong)] == pytest.approx(p, abs=1e-12)


def test_the_two_models() -> None:
    train = training_set([[0.1, 0.2, 0.9], [0.1, 0.6, 0.7]], cost=[1.0, 2.0, 3.0])
    assert fitted(WinProbability(), train).arms == ("a", "c")
    assert fitted(WinProbability(weak="b"), train).arms == ("b", "c")
    assert fitted(WinProbability(strong="a"), train).arms == ("b", "a")
    with pytest.raises(PolicyError, match="arm 'z' has no training row; there are: a, b, c"):
        fitted(WinProbability(weak="z"), train)
    with pytest.raises(PolicyError, match="the training rows hold 1"):
        fitted(WinProbability(), training_set([[0.5, NAN, NAN]]))


def test_an_ensemble_is_the_mean_of_its_members() -> None:
    ridge, logistic = GreedyLinear(predict="quality"), Logistic()
    both = fitted(Ensemble(members=[ridge, logistic]), WORLD.training_set())
    alone = [fitted(r.fresh(), WORLD.training_set()) for r in (ridge, logistic)]
    expected = (alone[0].estimates(WORLD.features) + alone[1].estimates(WORLD.features)) / 2.0
    assert both.estimates(WORLD.features) == pytest.approx(expected, abs=1e-12)
    with pytest.raises(ConfigError, match="predicts utility"):
        Ensemble(members=[GreedyLinear()])


def test_the_forest_is_that_of_scikit_learn() -> None:
    from sklearn.ensemble import ExtraTreesRegressor

    router = fitted(ExtraTrees(trees=7, leaf=4, features=0.5), WORLD.training_set())
    seed = int(np.random.default_rng(0).integers(2**31))
    for arm in range(3):
        peer = ExtraTreesRegressor(
            7, min_samples_leaf=4, max_features=0.5, random_state=seed + arm
        ).fit(WORLD.features, WORLD.score[:, arm])
        expected = peer.predict(WORLD.features)
        assert router.estimates(WORLD.features)[:, arm] == pytest.approx(expected, abs=1e-12)
