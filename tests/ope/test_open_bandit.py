"""The published figures of Open Bandit Pipeline's quickstart on the same data.

Saito, Aihara, Matsutani & Narita (2021), examples/quickstart/obd.ipynb of st-tech/zr-obp: the value
of Bernoulli Thompson sampling from the log of the uniform policy, campaign "all".
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gairp.ope.arrays import Floats, Ints
from gairp.ope.cross_fit import Model, cross_fitted
from gairp.ope.direct import DirectMethod
from gairp.ope.dr import DR
from gairp.ope.ips import IPS
from gairp.ope.logged import Logged

#: Published: value, value relative to the uniform policy's, relative estimation error.
IPS_FIGURES = (0.004553, 1.198126, 0.084019)
DM_FIGURES = (0.003545, 0.156041)
DR_FIGURES = (0.004727, 0.125548)


class PerPosition:
    """One logistic regression a position on the user's and the item's features, as they fit it.

    The last column of the features is the position.
    """

    def __init__(self, items: Floats) -> None:
        self.items = items

    def __call__(self, features: Floats, actions: Ints, rewards: Floats) -> Model:
        from sklearn.linear_model import LogisticRegression

        x, places = features[:, :-1], features[:, -1]
        models = {}
        for place in np.unique(places):
            rows = places == place
            design = np.column_stack([x[rows], self.items[actions[rows]]])
            models[place] = LogisticRegression(max_iter=1000).fit(design, rewards[rows])

        def predict(new: Floats) -> Floats:
            found = np.empty((len(new), len(self.items)))
            for place, model in models.items():
                rows = np.flatnonzero(new[:, -1] == place)
                users = new[rows, :-1] @ model.coef_[0, : x.shape[1]]
                items = self.items @ model.coef_[0, x.shape[1] :]
                logits = users[:, None] + items[None, :] + model.intercept_
                found[rows] = 1.0 / (1.0 + np.exp(-logits))
            return found

        return predict


def their_folds(n: int) -> Ints:
    """The three folds of their seed: with 38 clicks, other folds move DM by a few percent."""
    from sklearn.model_selection import KFold

    fold = np.empty(n, dtype=np.int64)
    halves = KFold(n_splits=3, shuffle=True, random_state=12345).split(fold)
    for number, (_, rows) in enumerate(halves):
        fold[rows] = number
    return fold


@pytest.fixture(scope="module")
def open_bandit(data_mirror: Path) -> tuple[Logged, float]:
    """The log, and the clicks a row of the policy that is evaluated, where it ran itself."""
    folder = data_mirror / "open_bandit_small"
    if not (folder / "random_all.parquet").exists():
        pytest.skip(f"{folder}: no tables of open_bandit_small in the data mirror")
    data = pd.read_parquet(folder / "random_all.parquet")
    data = data.sort_values("timestamp", kind="stable")
    items = pd.read_csv(folder / "item_context_all.csv")
    codes = [items[f"item_feature_{i}"].rank(method="dense") - 1 for i in (1, 2, 3)]
    described = np.column_stack([*codes, items["item_feature_0"]]).astype(float)
    users = pd.get_dummies(data.filter(like="user_feature").astype(str), drop_first=True)
    place = (data["position"].rank(method="dense") - 1).to_numpy().astype(int)
    actions = data["item_id"].to_numpy().astype(int)
    rewards = data["click"].to_numpy().astype(float)
    q_hat = cross_fitted(
        np.column_stack([users.to_numpy(float), place]),
        actions,
        rewards,
        fit=PerPosition(described),
        folds=their_folds(len(data)),
        rng=np.random.default_rng(0),
    )
    target = np.load(folder / "bts_action_dist_all.npy").T[place]
    log = Logged(
        rewards=rewards,
        actions=actions,
        propensities=data["propensity_score"].to_numpy(float),
        target=target,
        q_hat=q_hat,
    )
    return log, float(pd.read_parquet(folder / "bts_all.parquet")["click"].mean())


def test_ips_is_as_published(open_bandit: tuple[Logged, float]) -> None:
    log, truth = open_bandit
    value = IPS().point(log)
    found = value, value / log.rewards.mean(), abs(value - truth) / truth
    assert [round(one, 6) for one in found] == list(IPS_FIGURES)


def test_dm_and_dr_are_within_5_percent(open_bandit: tuple[Logged, float]) -> None:
    log, truth = open_bandit
    for estimator, (value, error) in ((DirectMethod(), DM_FIGURES), (DR(), DR_FIGURES)):
        found = estimator.point(log)
        assert found == pytest.approx(value, rel=0.05)
        assert abs(found - truth) / truth == pytest.approx(error, rel=0.05)
