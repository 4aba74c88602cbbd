"""The study runs from a table to its report, goes on after a stop, and tunes without the test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from gairp.errors import ConfigError
from gairp.run import CONF
from gairp.runners.plateau.cell import Cell
from gairp.runners.plateau.runner import PlateauRunner
from gairp.runners.plateau.table import Pool, plateau_table
from gairp.runners.plateau.tuning import Settings, Tuner


def settings() -> dict[str, Any]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("run", ["+experiment=plateau", "trace=local_llm", "features=metadata"])
    made: Any = OmegaConf.to_container(config, resolve=False)
    return dict(made)


def runner(tmp_path: Path, **more: Any) -> PlateauRunner:
    study = settings()
    given = {k: v for k, v in study["runner"].items() if k not in ("_target_", "work", "out")}
    names = more.pop("names", ("ridge", "cluster"))
    given["routers"] = {name: given["routers"][name] for name in names}
    return PlateauRunner(
        trace=study["trace"], features={"_target_": "gairp.features.Metadata"},
        work=tmp_path / "work", out=tmp_path / "out",
        **{**given, "splits": 2, "trials": 3, "tune_rows": 100, "draws": 50, **more},
    )  # fmt: skip


def test_from_a_table_to_its_report_and_again(tmp_path: Path, capsys: Any) -> None:
    path = runner(tmp_path).run()
    first = (path.parent / "summary.csv").read_bytes()
    told = capsys.readouterr().out
    assert "4/4" in told
    assert path.read_text() in told
    table = pd.read_csv(path.parent / "summary.csv")
    assert set(table["router"]) == {"ridge", "cluster"}
    pairs = pd.read_csv(path.parent / "pairs.csv")
    assert len(pairs) == 3  # two routers and the mix
    assert (path.parent / "figures" / "critical_difference.png").exists()
    # A kill leaves whole cells and whole trials; what is missing is done as it would have been.
    for file in tmp_path.glob("work/*/*/cluster-1.npz"):
        file.unlink()
    assert (runner(tmp_path).run().parent / "summary.csv").read_bytes() == first
    assert "cluster, split 1" in capsys.readouterr().out
    # Another router makes no finished one run again.
    runner(tmp_path, names=("ridge", "cluster", "knn")).run()
    told = capsys.readouterr().out
    assert "3/6" in told
    assert "6/6" in told
    assert "2/6" not in told


def test_a_study_that_was_stopped_proposes_what_it_would_have(tmp_path: Path) -> None:
    search = {"c": {"low": 1e-3, "high": 10.0, "log": True}, "k": {"low": 1, "high": 9}}

    def tuned(file: str, *counts: int) -> tuple[Settings, list[Settings]]:
        asked: list[Settings] = []

        def score(given: Settings) -> float:
            asked.append(given)
            return -abs(np.log(given["c"])) + given["k"] if given else -1e9

        for trials in counts:
            found = Tuner(tmp_path / file, "x", search, trials=trials, seed=1).best(score)
        return found, asked

    straight, stopped = tuned("one", 8), tuned("two", 5, 8)
    assert straight == stopped
    assert straight[1][0] == {}  # the policy's own settings come first
    assert len(straight[1]) == 8
    assert all(1e-3 <= given["c"] <= 10.0 and 1 <= given["k"] <= 9 for given in straight[1][1:])
    with pytest.raises(ConfigError, match=r"search\.c is 3; give a list"):
        Tuner(tmp_path / "x", "x", {"c": 3}, trials=2, seed=0).best(lambda given: 0.0)


def test_the_table_by_hand() -> None:
    """Two arms, four prompts; one router is the oracle, the other always takes the cheap arm."""
    quality = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    cost = np.tile([1.0, 3.0], (4, 1))
    rows = np.arange(4)
    pool = Pool(quality, cost, rows, [rows, rows])
    best = np.array([1, 0, 1, 0])
    cells = [
        Cell(name, split, quality[rows, arm], cost[rows, arm], 0.5, "{}")
        for name, arm in (("oracle", best), ("cheap", np.zeros(4, dtype=int)))
        for split in (0, 1)
    ]
    found = plateau_table(cells, pool, draws=20, seed=0)
    table = found.frame.set_index("router")
    assert table.loc["oracle", "quality"] == 1.0
    assert table.loc["oracle", "cost_usd_per_1k"] == 2000.0
    # Half of each arm: (0.5 + 0.75) / 2.
    assert table.loc["oracle", "gain"] == pytest.approx(0.375)
    assert table.loc["oracle", "short_of_oracle"] == 0.0
    assert table.loc["cheap", "gain"] == 0.0
    assert table.loc["cheap", "short_of_oracle"] == 0.5
    contest = found.contest
    assert contest.names == ("oracle", "cheap", "best fixed mix")
    assert contest.ranks.tolist() == [1.0, 2.5, 2.5]
    assert contest.pair("oracle", "cheap").difference.point == pytest.approx(0.375)
    assert (pool.oracle(), pool.best_fixed()) == (1.0, 0.75)
