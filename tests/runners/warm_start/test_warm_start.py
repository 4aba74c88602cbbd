"""The study: what is counted as saved, and a run of it on a few prompts, resumed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from gairp.run import CONF
from gairp.runners.warm_start.course import Course, Scene
from gairp.runners.warm_start.runner import WarmStartRunner
from gairp.runners.warm_start.table import saved, warm_start_table

AT = np.array([0.0, 10.0, 20.0, 40.0])


@pytest.mark.parametrize(
    ("cold", "start", "requests"),
    [
        ([0.1, 0.2, 0.4, 0.5], 0.3, 15.0),  # half way between 10 and 20
        ([0.1, 0.2, 0.4, 0.5], 0.05, 0.0),
        ([0.1, 0.2, 0.4, 0.5], 0.6, 40.0),  # never
        ([0.6, 0.1, 0.3, 0.5], 0.4, 30.0),  # it begins well by luck, and does not stay there
        ([0.1, 0.2, 0.2, 0.2], 0.2, 10.0),
    ],
)
def test_saved_requests(cold: list[float], start: float, requests: float) -> None:
    assert saved(np.array(cold), np.array(start), AT) == pytest.approx(requests)


def test_the_table_pairs_runs_with_the_cold_ones() -> None:
    cold = [Course(np.array([0.1, 0.3, 0.5]) + s, np.array([0.0, 2.0, 9.0]) + s) for s in (0, 0.1)]
    warm = [Course(np.array([0.4, 0.5, 0.5]) + s, np.array([0.0, 4.0, 12.0]) + s) for s in (0, 0.1)]
    table = warm_start_table(
        {"cold": cold, "warm": warm}, [0, 10, 20], cold="cold", early=10, draws=200, seed=0
    ).set_index("bandit")
    assert table.loc["warm", "early_gain"] == pytest.approx(0.2)
    assert table.loc["warm", "early_gain_low"] == pytest.approx(0.2)  # the same in every pair
    assert table.loc["warm", "saved"] == pytest.approx(15.0)
    assert table.loc["cold", "end_gain"] == 0.0
    assert table.loc["warm", "at_start"] == pytest.approx(0.45)


def runner(
    tables: Path, folder: Path, bandits: Sequence[str] = ("cold", "worth 300", "every row")
) -> WarmStartRunner:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(
            "run",
            [
                "+experiment=warm_start",
                "trace=custom",
                "trace.name=tiny",
                f"trace.path={tables / 'outcomes.parquet'}",
                f"trace.prompts={tables / 'prompts.parquet'}",
                "trace.split.fractions={train: 0.4, validation: 0.0, test: 0.6}",
                "runner.checkpoints=[0,10,30]",
                "runner.early=10",
                "runner.splits=1",
                "runner.orders=2",
                "runner.draws=50",
                f"runner.work={folder / 'work'}",
                f"runner.out={folder / 'report'}",
            ],
        )
    OmegaConf.set_struct(config, False)
    for name in set(config.runner.bandits) - set(bandits):
        del config.runner.bandits[name]
    return WarmStartRunner.from_config(config)


def test_a_small_study_goes_on_where_it_was(
    tiny_tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = runner(tiny_tables, tmp_path).run()
    first = (report.parent / "summary.csv").read_bytes()
    table = pd.read_csv(report.parent / "summary.csv")
    assert table["bandit"].tolist() == ["cold", "worth 300", "every row"] * 2
    same = table[table["scene"] == "the same traffic"].set_index("bandit")
    assert same["at_start"]["every row"] > same["at_start"]["cold"]
    assert (report.parent / "figures" / "curves.png").stat().st_size > 10_000

    def again(*_: Any, **__: Any) -> Course:
        raise AssertionError("a finished run was made again")

    monkeypatch.setattr(Scene, "course", again)
    runner(tiny_tables, tmp_path).run()
    assert (report.parent / "summary.csv").read_bytes() == first
    runner(tiny_tables, tmp_path, ("cold", "every row")).run()  # bandits may come and go
    with pytest.raises(AssertionError, match="made again"):
        runner(tiny_tables, tmp_path, ("cold", "every row", "200 rows")).run()


def test_a_prior_from_elsewhere_sees_none_of_what_comes(tiny_tables: Path, tmp_path: Path) -> None:
    from gairp.rewards import Utility
    from gairp.runners.replay.preparing import prepare

    study = runner(tiny_tables, tmp_path)
    prepared = prepare(study.trace, study.features, Utility(**study.utility), seed=0)
    scene = Scene.of(prepared, elsewhere=True)
    kinds = np.array(prepared.categories)
    assert set(kinds[scene.train]) == {"code", "sum"}
    assert set(kinds[scene.stream]) == set(kinds[scene.held_out]) == {"poem"}
    whole = Scene.of(prepared, elsewhere=False)
    assert not set(whole.stream) & set(whole.held_out)
    assert sorted([*whole.stream, *whole.held_out]) == prepared.rows("test").tolist()
