"""The study of drift runs from the published tables to its report."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from gairp.errors import ConfigError, UnknownNameError
from gairp.replay.purse import RollingPurse
from gairp.replay.source import Outcomes
from gairp.run import CONF
from gairp.runners.drift.learner import Taken
from gairp.runners.drift.runner import DriftRunner
from gairp.runners.drift.tables import Phases, adoption, reached
from gairp.runners.drift.world import ChangingWorld
from gairp.runners.replay.prepared import Prepared
from gairp.types import Outcome, Request

N, PHASE = 40, 10
METADATA = {
    "_target_": "gairp.features.ConcatFeatures",
    "builders": [{"_target_": "gairp.features.Metadata"}], "bias": True, "standardise": True,
}  # fmt: skip
REGRESSION = {
    "_target_": "gairp.replay.scenario.quality_drift.QualityDrift", "arm": "b",
    "mode": "constant", "by": 0.25, "start": {"request": PHASE}, "end": {"request": 2 * PHASE},
}  # fmt: skip


def runner(tmp_path: Path, **more: Any) -> DriftRunner:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("run", ["+experiment=drift"])
    study: Any = OmegaConf.to_container(config, resolve=False)
    given = {k: v for k, v in study["runner"].items() if k not in ("_target_", "work", "out")}
    given["learners"] = {n: given["learners"][n] for n in ("two memories", "linucb")}
    newcomers = given["arrival"]["learners"]
    given["arrival"]["learners"] = {"newcomer": newcomers["taken for gemini-2.5-pro"]}
    return DriftRunner(
        trace=study["trace"], features=METADATA,
        work=tmp_path / "work", out=tmp_path / "out", **{**given, **more},
    )  # fmt: skip


def test_from_the_published_tables_to_the_report(
    tmp_path: Path, data_mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAIRP_DATA_MIRROR", str(data_mirror))
    small = runner(tmp_path, seeds=2, draws=20, budgets={"moderate": 6.62e-4}, phase=300)
    path = small.run()
    summary = pd.read_csv(path.parent / "summary.csv")
    assert len(summary) == 2 * 3
    mine = summary[summary["learner"] == "two memories"].to_dict("records")
    assert [row["published"] for row in mine] == pytest.approx([0.88502, 0.79468, 0.86296])
    assert all(row["spend_ratio"] < 1.2 for row in mine)
    theirs = summary[summary["learner"] == "linucb"].to_dict("records")
    worse = "share_mistral-large-2512"
    assert mine[1][worse] < theirs[1][worse] - 0.05  # it has left the model that got worse
    assert mine[1]["quality"] > theirs[1]["quality"]
    arrival = pd.read_csv(path.parent / "arrival.csv")
    assert arrival["published_adoption"].tolist() == [121.0]
    assert (arrival["spend_usd"] < 6.62e-4).all()
    assert (path.parent / "figures" / "regression.png").stat().st_size > 20_000
    before = path.read_bytes()
    for work in tmp_path.glob("work/price_cut/*/1.npz"):
        work.unlink()
    assert small.run().read_bytes() == before


def test_refuses_a_primary_that_is_no_learner(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"learner in runner\.primary"):
        runner(tmp_path, primary="linus")


def world(phases: int | None = PHASE) -> ChangingWorld:
    rows = np.arange(N)
    quality = np.tile([0.5, 0.75], (N, 1))
    prepared = Prepared(
        trace="made", outcomes=Outcomes(
            arms=("a", "b"), prompt_ids=tuple(f"p{i}" for i in rows), features=np.ones((N, 1)),
            quality=quality, cost_usd=np.tile([1.0, 3.0], (N, 1)),
        ),
        categories=("x",) * N, groups=rows,
        parts={"validation": rows[: N // 2], "test": rows[N // 2 :]},
        cost_unit="USD per 1,000 requests", dropped=0, notes=(), facts={},
    )  # fmt: skip
    return ChangingWorld("made", prepared, phases, [REGRESSION])


def test_phases_are_of_the_published_permutation_and_the_first_comes_again() -> None:
    at = world()
    test = at.prepared.rows("test")
    mixed = test[np.random.default_rng(42).permutation(len(test))]
    first, second, third = at.parts
    assert first.tolist() == third.tolist() == mixed[:PHASE].tolist()
    assert second.tolist() == mixed[PHASE:].tolist()
    stream = at.stream(3)
    assert sorted(stream[PHASE : 2 * PHASE]) == sorted(second)
    assert stream[:PHASE].tolist() != stream[2 * PHASE :].tolist()
    with pytest.raises(ConfigError, match="two phases need 22 test prompts and there are 20"):
        _ = world(11).parts


def test_rows_have_the_mix_of_the_phase_and_gains_are_over_the_others() -> None:
    at = world()
    phases = Phases(at, draws=20)

    def run(arm: int, seed: int) -> Taken:
        row = at.stream(seed)
        quality = np.full(3 * PHASE, (0.5, 0.75)[arm])
        if arm == 1:
            quality[PHASE : 2 * PHASE] = 0.25
        return Taken(row, np.full(len(row), arm), quality, np.full(len(row), 2.0))

    runs = {(n, "tight"): [run(arm, s) for s in (0, 1)] for arm, n in enumerate("ab")}
    rows: Any = phases.rows(runs).set_index(["learner", "phase"])
    assert rows.loc[("b", 2), "quality"] == pytest.approx(0.25)
    assert rows.loc[("a", 1), "mix"] == pytest.approx(0.625)  # half of either
    assert rows.loc[("a", 2), "mix"] == pytest.approx(0.5)  # the arm that did not change
    assert rows.loc[("b", 3), "share_b"] == 1.0
    gain: Any = phases.gains(runs, "a", ["tight"]).iloc[0]
    assert (gain["gain"], gain["gain_low"]) == pytest.approx((0.0, 0.0))  # +0.25, then -0.25
    adapted: Any = phases.adaptation(runs, ["tight"]).set_index(["learner", "phase"])["requests"]
    assert adapted[("a", 2)] == 0.0
    assert adapted[("b", 2)] == math.inf


def test_times_until_a_level_and_until_an_arm_is_taken_up() -> None:
    values = np.r_[np.zeros(30), np.ones(100)]
    assert reached(values, 0.5) == 5.0  # the window of 50 that has 25 ones
    assert reached(values, 1.1) == math.inf
    chosen = np.r_[np.zeros(40), np.tile([1.0, 0.0], 100)]
    assert adoption(chosen) == 49.0  # five of 49 are the first that are a tenth
    assert adoption(chosen, skip=120) == 121.0
    assert adoption(np.zeros(300)) == math.inf


def test_a_rolling_purse_makes_good_what_was_spent_too_much() -> None:
    purse, request = RollingPurse(rate_usd=2.0, requests=10), Request(id="r", arrived_at=0.0)
    assert (purse.budget(request).left_usd, purse.budget(request).horizon_left) == (20.0, 1.0)
    purse.paid(
        Outcome(request_id="r", attempts=(), total_cost_usd=7.0, completed_at=0.0, latency_s=0.0)
    )
    assert purse.budget(request).left_usd == 2.0 * 11 - 7.0
    assert purse.budget(request).total_usd == 20.0
    with pytest.raises(ConfigError, match="a purse of 0"):
        RollingPurse(rate_usd=0.0, requests=10)
