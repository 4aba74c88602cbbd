"""kNN against a brute-force search."""

from __future__ import annotations

import numpy as np
import pytest

from gairp.errors import ConfigError, FeatureError
from gairp.policies.knn import KNN, nearest
from gairp.rewards import Utility
from tests.policies.trained import decide, fitted, training_set

NAN = float("nan")
ARMS = ("a", "b", "c")


def brute_force(x: np.ndarray, features: np.ndarray, utility: np.ndarray, k: int) -> list[float]:
    """Scores by sorting all rows, for rows and an x that are not zero."""
    lengths = [float(np.linalg.norm(row)) for row in features]
    similarity = [float(row @ x) / length for row, length in zip(features, lengths, strict=True)]
    order = sorted(range(len(features)), key=lambda i: (-similarity[i], i))[:k]
    scores = []
    for arm in range(utility.shape[1]):
        seen = [float(utility[i, arm]) for i in order if not np.isnan(utility[i, arm])]
        scores.append(float(np.mean(seen)) if seen else float(np.nanmean(utility[:, arm])))
    return scores


@pytest.mark.parametrize("missing", [0.0, 0.6])
@pytest.mark.parametrize("k", [1, 3, 10, 500])
def test_scores_are_those_of_brute_force(k: int, missing: float) -> None:
    rng = np.random.default_rng(5)
    features, score = rng.normal(size=(200, 8)), rng.random((200, 3))
    score[rng.random(score.shape) < missing] = NAN
    cost = np.array([1e-4, 2e-4, 3e-4])
    train = training_set(score, features=features, cost=list(cost))
    policy = fitted(KNN(k=k, utility=Utility(cost_weight=0.5)), train)
    queries = rng.normal(size=(20, 8))
    expected = [brute_force(x, features, score - 500.0 * cost, k) for x in queries]
    for x, scores in zip(queries, expected, strict=True):
        decision = decide(policy, x=x)
        assert decision.scores == pytest.approx(scores, abs=1e-12)
        assert decision.arm == ARMS[int(np.argmax(scores))]
    assert policy.estimates(queries) == pytest.approx(np.array(expected), abs=1e-12)


def test_length_does_not_count() -> None:
    rng = np.random.default_rng(6)
    features, score = rng.normal(size=(50, 4)), rng.random((50, 3))
    policy = fitted(KNN(k=5), training_set(score, features=features))
    scaled = fitted(
        KNN(k=5), training_set(score, features=features * rng.uniform(0.1, 9.0, (50, 1)))
    )
    x = rng.normal(size=4)
    assert decide(policy, x=x).scores == pytest.approx(decide(scaled, x=50.0 * x).scores)


@pytest.mark.parametrize(
    ("k", "rows"), [(1, [1]), (2, [1, 4]), (3, [1, 2, 4]), (5, [0, 1, 2, 3, 4]), (99, range(6))]
)
def test_ties_go_to_the_earlier_rows(k: int, rows: list[int]) -> None:
    assert nearest(np.array([0.1, 0.9, 0.5, 0.5, 0.9, 0.1]), k).tolist() == list(rows)


def test_features_that_point_nowhere_get_the_means() -> None:
    train = training_set([[0.0, 0.4, 0.3], [1.0, 0.4, 0.6]], features=np.eye(2))
    policy = fitted(KNN(k=1), train)
    assert decide(policy, x=np.zeros(2)).scores == pytest.approx((0.5, 0.4, 0.45), abs=1e-15)
    assert decide(policy, x=np.array([0.0, 1.0])).scores == (1.0, 0.4, 0.6)


def test_arms_that_were_never_trained_on() -> None:
    policy = fitted(KNN(), training_set([[0.1, 0.2, NAN]]))
    assert policy.arms == ("a", "b")
    decision = decide(policy, ("c", "z", "a"))
    assert (decision.arm, decision.scores) == ("a", (-np.inf, -np.inf, 0.1))
    assert decide(policy, ("z", "c"), costs=[5.0, 1.0]).arm == "c"


def test_refusals() -> None:
    with pytest.raises(ConfigError, match=r"knn\.k is 0"):
        KNN(k=0)
    with pytest.raises(FeatureError, match=r"1 training rows hold a NaN .* is row 1"):
        fitted(KNN(), training_set([[1.0], [1.0]], arms="a", features=np.array([[1.0], [NAN]])))
    policy = fitted(KNN(), training_set([[0.1, 0.2, 0.3]]))
    with pytest.raises(FeatureError, match="fitted on 1 features and is given 2"):
        decide(policy, x=np.ones(2))
