"""The study of bad feedback runs to its report, on the embedded data."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from gairp.errors import UnknownNameError
from gairp.run import CONF
from gairp.runners.bad_feedback.judges import JUDGES
from gairp.runners.bad_feedback.runner import BadFeedbackRunner
from gairp.runners.bad_feedback.tables import Judged, Tables, break_even


def runner(tmp_path: Path, **more: Any) -> BadFeedbackRunner:
    """The study as it is, on the data that are always there."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("run", ["+experiment=bad_feedback", "trace=local_llm"])
    study: Any = OmegaConf.to_container(config, resolve=False)
    given = {k: v for k, v in study["runner"].items() if k not in ("_target_", "work", "out")}
    given["learners"] = {name: given["learners"][name] for name in ("linucb", "ucb1")}
    shared = {"trace": study["trace"], "features": {"_target_": "gairp.features.Metadata"}}
    return BadFeedbackRunner(
        **shared, utility={}, work=tmp_path / "work", out=tmp_path / "out",
        **{**given, "learn": "train", **more},
    )  # fmt: skip


def test_a_judge_that_favours_the_worst_model_makes_learners_choose_it(tmp_path: Path) -> None:
    judges = {"favours the worst": [0.0, 0.5]}
    small = runner(tmp_path, seeds=2, draws=20, judges=judges)
    path = small.run()
    table: Any = pd.read_csv(path.parent / "summary.csv").set_index(["learner", "level"])
    assert table.loc[("ucb1", 0.0), "told_error"] == 0.0
    assert table.loc[("ucb1", 0.5), "gain"] < table.loc[("ucb1", 0.0), "gain"] - 0.1
    ends = pd.read_csv(path.parent / "break_even.csv")
    assert ends["learner"].tolist() == ["linucb", "ucb1"]
    before = path.read_bytes()
    for work in tmp_path.glob("work/*/*/1.npz"):
        work.unlink()
    assert small.run().read_bytes() == before
    with pytest.raises(UnknownNameError, match=r"way to judge in runner\.judges"):
        runner(tmp_path, judges={"drunk": [0.0]})


def test_judges_are_what_their_level_says() -> None:
    assert (
        JUDGES["errors"](0.2, "w")["false_good"] == JUDGES["errors"](0.2, "w")["false_bad"] == 0.2
    )
    assert (JUDGES["harsh"](0.2, "w")["false_bad"], JUDGES["harsh"](0.2, "w")["false_good"]) == (
        0.2, 0.0,
    )  # fmt: skip
    assert JUDGES["favours the worst"](0.2, "w")["bias"] == {"w": 0.2}


def test_the_gain_ends_between_levels_by_a_line() -> None:
    levels = np.array([0.0, 0.1, 0.3])
    assert break_even(levels, np.array([0.02, 0.01, -0.01])) == pytest.approx(0.2)
    assert break_even(levels, np.array([0.02, 0.01, 0.005])) == math.inf
    assert break_even(levels, np.array([-0.02, 0.01, -0.01])) == 0.0


def test_gains_are_over_the_arm_that_is_best_in_hindsight() -> None:
    rows, arms = np.array([2, 4, 6]), np.tile([0.5, 0.75], (3, 1))
    tables = Tables(rows, arms, np.arange(3), seeds=2, draws=10)
    order = np.array([6, 2, 4])
    runs = {
        ("errors", "it", level): [Judged(order, np.full(3, worth), np.full(3, level))] * 2
        for level, worth in ((0.0, 0.85), (0.4, 0.65))
    }
    table, ends = tables.both(runs)
    assert table["gain"].tolist() == pytest.approx([0.1, -0.1])
    assert table["told_error"].tolist() == pytest.approx([0.0, 0.4])
    end = ends.iloc[0]
    assert (end["break_even"], end["low"], end["high"]) == pytest.approx((0.2, 0.2, 0.2))
    assert (end["better_up_to"], end["worse_from"]) == (0.0, 0.4)
