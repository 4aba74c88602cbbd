"""No test prompt ever reaches a fit: whatever it says and earned, the router is the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from gairp.policies.learned.router import LearnedRouter
from gairp.policies.linucb import LinUCB
from gairp.policies.warm_start import WarmStart
from gairp.rewards import Utility
from gairp.run import CONF
from gairp.runners.replay.prepared import Prepared
from gairp.runners.replay.preparing import prepare
from tests.policies.learned.world import ROUTERS

pytestmark = pytest.mark.filterwarnings("ignore")
FOLDS = ("validation", "test")


def prepared(tables: Path, scratch: Path) -> Prepared:
    """The tables as a study prepares them, with features that are fitted."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(
            "run",
            [
                "trace=custom",
                f"trace.path={tables / 'outcomes.parquet'}",
                f"trace.prompts={tables / 'prompts.parquet'}",
                "trace.split.fractions={train: 0.6, validation: 0.15, test: 0.25}",
            ],
        )
    plain: Any = OmegaConf.to_container(config, resolve=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAIRP_DATA_DIR", str(scratch))
        return prepare(plain["trace"], plain["features"], Utility(cost_weight=0.1), seed=0)


@pytest.fixture(scope="module")
def both(tiny_tables: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Prepared, Prepared]:
    """As recorded, and with everything outside train turned over: texts, scores, costs, waits."""
    clean = prepared(tiny_tables, tmp_path_factory.mktemp("clean"))
    ids = {clean.outcomes.prompt_ids[i] for part in FOLDS for i in clean.rows(part)}
    prompts = pd.read_parquet(tiny_tables / "prompts.parquet")
    outcomes = pd.read_parquet(tiny_tables / "outcomes.parquet")
    poisoned = prompts["prompt_id"].isin(ids)
    prompts.loc[poisoned, "prompt"] = [f"poison{i} venom{i * i} ???" for i in range(poisoned.sum())]
    hit = outcomes["prompt_id"].isin(ids)
    outcomes.loc[hit, "score"] = 1.0 - outcomes.loc[hit, "score"]
    outcomes.loc[hit, ["cost_usd", "latency_s"]] *= 1000.0
    folder = tmp_path_factory.mktemp("poisoned")
    prompts.to_parquet(folder / "prompts.parquet")
    outcomes.to_parquet(folder / "outcomes.parquet")
    return clean, prepared(folder, tmp_path_factory.mktemp("cache"))


def test_the_poison_is_where_it_should_be(both: tuple[Prepared, Prepared]) -> None:
    clean, poisoned = both
    assert all(np.array_equal(clean.rows(part), poisoned.rows(part)) for part in clean.parts)
    rows = clean.rows("test")
    assert not (clean.outcomes.quality[rows] == poisoned.outcomes.quality[rows]).any()
    assert (clean.outcomes.features[rows] != poisoned.outcomes.features[rows]).any(axis=1).all()
    assert clean.feature_fingerprint == poisoned.feature_fingerprint


FITTING: dict[str, Callable[[], Any]] = {
    **ROUTERS,
    "warm_start": lambda: WarmStart(policy=LinUCB()),
}


@pytest.mark.parametrize("name", sorted(FITTING))
def test_the_fitted_bytes_know_nothing_of_it(both: tuple[Prepared, Prepared], name: str) -> None:
    """And the same rows and seed give the same bytes at all."""
    clean, poisoned = both
    made: list[Any] = []
    for source in (clean, poisoned, clean):
        policy: Any = FITTING[name]()
        policy.utility = Utility(cost_weight=0.1)
        policy.fit(source.training_set("train"), np.random.default_rng([0, 2]))
        made.append(policy)
    assert made[0].save() == made[1].save() == made[2].save()
    if isinstance(made[0], LearnedRouter):
        features = clean.outcomes.features
        assert np.array_equal(made[0].estimates(features), made[1].estimates(features))


@pytest.mark.parametrize("name", sorted(FITTING))
def test_poison_in_train_would_show(both: tuple[Prepared, Prepared], name: str) -> None:
    """The test above can fail: what is turned over on train does change the bytes."""
    clean, poisoned = both
    made: list[Any] = []
    for source in (clean, poisoned):
        policy: Any = FITTING[name]()
        policy.fit(source.training_set("test"), np.random.default_rng([0, 2]))
        made.append(policy.save())
    assert made[0] != made[1]
