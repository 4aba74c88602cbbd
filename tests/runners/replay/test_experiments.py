"""Every study that ships: its data load, are priced and split, and its primary policy runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from gairp.rewards import Utility
from gairp.run import CONF
from gairp.runners.replay.job import Job, Protocol, run_job
from gairp.runners.replay.preparing import prepare

FEW = 100  #: prompts of each part that the policy sees
#: Prompts complete for the pool, arms, drops, and whether anything is assumed or estimated.
STUDIES: dict[str, tuple[int, int, int, tuple[str, ...]]] = {
    "quickstart": (1_122, 4, 0, ()),
    "mmlu_pro": (12_002, 8, 30, ()),
    "mmlu_pro_no_flash": (12_020, 7, 12, ()),
    "llmrouter": (6_108, 9, 0, ("assumed: output_tokens = 256",)),
    "routellm_mmlu": (14_037, 2, 0, ()),
    "routellm_gsm8k": (1_307, 2, 0, ()),
    "paretobandit": (3_609, 3, 0, ()),
}


@pytest.mark.parametrize("name", STUDIES)
def test_the_primary_policy_of_a_study_runs(name: str, request: pytest.FixtureRequest) -> None:
    if name != "quickstart":
        monkeypatch = request.getfixturevalue("monkeypatch")
        monkeypatch.setenv("GAIRP_DATA_MIRROR", str(request.getfixturevalue("data_mirror")))
    with initialize_config_dir(str(CONF), version_base="1.3"):
        # Features of words are tested elsewhere, and are the dear part.
        config = compose("run", [f"+experiment={name}", "features=metadata"])
    study: Any = OmegaConf.to_container(config, resolve=True)
    prepared = prepare(study["trace"], study["features"], Utility(**study["utility"]), seed=0)
    prompts, arms, dropped, notes = STUDIES[name]
    found = len(prepared.outcomes.prompt_ids), len(prepared.arms), prepared.dropped
    assert found == (prompts, arms, dropped)
    assert [note for note in prepared.notes if ": " in note and "near" not in note] == [*notes]
    few = {part: rows[:FEW] for part, rows in prepared.parts.items()}
    run = run_job(
        replace(prepared, parts=few),
        Job(
            policy=study["primary"],
            config=study["policies"][study["primary"]],
            seed=0,
            utility=study["utility"],
            protocol=Protocol(**study["protocol"]),
        ),
    )
    assert sorted(run.rows) == list(range(FEW))
    served = few["test"][run.rows]
    np.testing.assert_array_equal(run.quality, prepared.outcomes.quality[served, run.arms])
    cost = prepared.outcomes.cost_usd
    assert cost is not None
    np.testing.assert_array_equal(run.cost_usd, cost[served, run.arms])
    assert np.isfinite(cost).all()
