"""The study of congestion runs to its report, on the embedded data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from gairp.errors import ConfigError, UnknownNameError
from gairp.replay.source import Outcomes
from gairp.run import CONF
from gairp.runners.congestion.bench import Bench, Served
from gairp.runners.congestion.runner import CongestionRunner
from gairp.runners.congestion.tables import Tables, arm_shares
from gairp.runners.replay.prepared import Prepared


def runner(tmp_path: Path, **more: Any) -> CongestionRunner:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("run", ["+experiment=congestion", "features=metadata"])
    study: Any = OmegaConf.to_container(config, resolve=False)
    given = {k: v for k, v in study["runner"].items() if k not in ("_target_", "work", "out")}
    wanted = ("quality only", "charged 0.1 a second", "random")
    given["policies"] = {name: given["policies"][name] for name in wanted}
    return CongestionRunner(
        trace=study["trace"], features=study["features"],
        work=tmp_path / "work", out=tmp_path / "out", **{**given, **more},
    )  # fmt: skip


def test_a_router_that_looks_waits_less(tmp_path: Path) -> None:
    small = runner(tmp_path, seeds=2, draws=20, requests=500, warm_up=50, loads=[0.9])
    path = small.run()
    table: Any = pd.read_csv(path.parent / "summary.csv").set_index(["arrivals", "policy"])
    for arrivals in ("Poisson", "bursts"):
        assert table.loc[(arrivals, "quality only"), "p95_ratio"] == 1.0
        looks = table.loc[(arrivals, "charged 0.1 a second")]
        assert looks["p95_ratio"] < 0.8
        assert abs(looks["quality_loss"]) < 0.03
        assert table.loc[(arrivals, "random"), "quality_loss"] > 0.05
    shares = pd.read_csv(path.parent / "shares.csv")
    assert shares.filter(like="qwen").sum(axis=1).max() <= 1.0 + 1e-6
    before = path.read_bytes()
    for work in tmp_path.glob("work/*/*/1.npz"):
        work.unlink()
    assert small.run().read_bytes() == before
    with pytest.raises(UnknownNameError, match=r"policy in runner\.primary"):
        runner(tmp_path, primary="nobody")


def bench(latency_s: np.ndarray | None) -> Bench:
    rows = np.arange(8)
    prepared = Prepared(
        trace="made", outcomes=Outcomes(
            arms=("quick", "slow"), prompt_ids=tuple(f"p{i}" for i in rows),
            features=np.ones((8, 1)), quality=np.tile([0.0, 1.0], (8, 1)),
            cost_usd=np.ones((8, 2)), latency_s=latency_s,
        ),
        categories=("x",) * 8, groups=rows, parts={"train": rows[:4], "test": rows[4:]},
        cost_unit="USD per 1,000 requests", dropped=0, notes=(), facts={},
    )  # fmt: skip
    return Bench(prepared, places=3, requests=12, warm_up=0)


def test_capacity_is_what_the_busiest_model_can_do() -> None:
    """All requests go to the slow model: 3 places of half a request a second each."""
    at = bench(np.tile([0.5, 2.0], (8, 1)))
    policy = at.policy("it", {"_target_": "gairp.policies.fixed.Fixed", "arm": "slow"}, 0)
    assert at.capacity(policy) == pytest.approx(1.5)
    rows = at.rows(0)
    assert sorted(rows[:4]) == sorted(rows[4:8]) == [4, 5, 6, 7]
    unknown = bench(None)
    with pytest.raises(ConfigError, match="lacks latencies of some arms"):
        unknown.capacity(unknown.policy("it", {"_target_": "gairp.policies.random.Random"}, 0))


def test_rows_compare_with_the_baseline_at_the_same_arrivals() -> None:
    rows = np.array([3, 5, 8])

    def served(quality: float, first: float) -> list[Served]:
        values = np.full(3, quality)
        return [Served(rows, np.array([0, 1, 1]), values, np.full(3, first), np.full(3, 2 * first))
                for _ in range(2)]  # fmt: skip

    runs = {("p", 0.9, "base"): served(0.8, 4.0), ("p", 0.9, "looks"): served(0.7, 1.0)}
    tables = Tables(rows, np.arange(3), seeds=2, draws=10)
    table: Any = tables.summary(runs, "base").set_index("policy")
    looks = table.loc["looks"]
    assert (looks["p95_ratio"], looks["p95_ratio_high"]) == pytest.approx((0.25, 0.25))
    assert (looks["quality_loss"], looks["loss_low"]) == pytest.approx((0.1, 0.1))
    assert (looks["ttft_p95_s"], looks["latency_p95_s"]) == pytest.approx((1.0, 2.0))
    assert arm_shares(runs, ("a", "b"))["b"].tolist() == pytest.approx([2 / 3, 2 / 3])
