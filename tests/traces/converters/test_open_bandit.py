from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from gairp.errors import DataError
from gairp.traces.converters import open_bandit
from gairp.traces.converters.open_bandit import CAMPAIGNS, ITEMS, LOG, POLICIES, PRIOR

HEAD = ",timestamp,item_id,position,click,propensity_score,user_feature_0,user-item_affinity_0\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(
        open_bandit.action_distribution, "__kwdefaults__", {"draws": 200, "seed": 1}
    )
    for campaign in CAMPAIGNS:
        for policy in POLICIES:
            write(
                tmp_path,
                LOG.format(policy=policy, campaign=campaign),
                HEAD + "0,2019-11-24 00:00:01+00:00,3,1,0,0.125,abc,0.5\n"
                "1,2019-11-24 00:00:02+00:00,1,3,1,0.000001,abd,0.0\n",
            )
        items = ",item_id,item_feature_0\n0,0,-0.5\n1,1,0.25\n"
        write(tmp_path, ITEMS.format(campaign=campaign), items)
    prior = {campaign: {"alpha": [1.0] * 4, "beta": [9.0] * 4} for campaign in CAMPAIGNS}
    write(tmp_path, PRIOR, yaml.safe_dump(prior))
    return tmp_path


def write(folder: Path, path: str, text: str) -> None:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def test_logs_keep_every_column_and_the_true_propensity(folder: Path) -> None:
    tables = open_bandit.convert(folder)
    log = tables["bts_men"]
    assert log["propensity_score"].tolist() == [0.125, 1e-6]
    assert log[["item_id", "position", "click"]].values.tolist() == [[3, 1, 0], [1, 3, 1]]
    assert str(log["click"].dtype) == "int16"
    assert log["user_feature_0"].tolist() == ["abc", "abd"]
    assert log["user-item_affinity_0"].tolist() == [0.5, 0.0]
    assert tables["item_context_all"]["item_feature_0"].tolist() == [-0.5, 0.25]
    assert tables["bts_prior"]["women"]["beta"] == [9.0] * 4
    assert set(tables) == {
        "bts_prior",
        *(f"{policy}_{campaign}" for policy in POLICIES for campaign in CAMPAIGNS),
        *(f"{kind}_{c}" for kind in ("item_context", "bts_action_dist") for c in CAMPAIGNS),
    }


def test_action_distribution_is_that_of_ranking_beta_draws() -> None:
    # Items 0 and 1 are alike and the best; 2 is nearly surely third, 3 never shown.
    alpha, beta = [900.0, 900.0, 500.0, 1.0], [100.0, 100.0, 500.0, 999.0]
    shares = open_bandit.action_distribution(alpha, beta, draws=20_000, seed=3)
    assert shares.shape == (4, 3)
    np.testing.assert_allclose(shares.sum(axis=0), 1.0)
    np.testing.assert_allclose(shares[:2, :2], 0.5, atol=0.015)
    np.testing.assert_allclose(shares[2], [0, 0, 1])
    np.testing.assert_allclose(shares[3], 0)


def test_a_prior_without_a_campaign_is_refused(folder: Path) -> None:
    write(folder, PRIOR, "all: {alpha: [1.0], beta: [1.0]}\n")
    with pytest.raises(DataError, match=r"prior_bts.yaml, key 'men': expected alpha and beta"):
        open_bandit.convert(folder)


def test_a_log_without_propensities_is_refused(folder: Path) -> None:
    path = LOG.format(policy="random", campaign="all")
    write(folder, path, ",timestamp,item_id,position,click\n0,x,1,1,0\n")
    with pytest.raises(DataError, match=r"all.csv lacks the columns \['propensity_score'\]"):
        open_bandit.convert(folder)
