"""The study of budgets runs from the published table to its report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from gairp.errors import UnknownNameError
from gairp.replay.source import Outcomes
from gairp.run import CONF
from gairp.runners.budget_pacing.method import Spent
from gairp.runners.budget_pacing.orders import ORDERS, outcomes_in
from gairp.runners.budget_pacing.runner import BudgetPacingRunner
from gairp.runners.budget_pacing.tables import Tables
from gairp.runners.replay.prepared import Prepared


def runner(tmp_path: Path, **more: Any) -> BudgetPacingRunner:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("run", ["+experiment=budget_pacing", "features=metadata"])
    study: Any = OmegaConf.to_container(config, resolve=False)
    given = {k: v for k, v in study["runner"].items() if k not in ("_target_", "work", "out")}
    given["methods"] = {"bandit feedback": given["methods"]["bandit feedback"]}
    return BudgetPacingRunner(
        trace=study["trace"], features={"_target_": "gairp.features.Metadata"},
        work=tmp_path / "work", out=tmp_path / "out", **{**given, **more},
    )  # fmt: skip


def test_from_the_published_table_to_the_report(
    tmp_path: Path, data_mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAIRP_DATA_MIRROR", str(data_mirror))
    orders = {"method": "bandit feedback", "seeds": 1, "names": ["shuffled"]}
    small = runner(tmp_path, seeds=2, draws=50, budgets=[2.3e-4], orders=orders)
    path = small.run()
    table = pd.read_csv(path.parent / "summary.csv")
    assert len(table) == 1
    row = table.to_dict("records")[0]
    assert row["published"] == pytest.approx(0.85884, abs=1e-5)
    assert row["gain"] > 0.01
    assert row["gain_low"] > 0
    assert row["overshoot"] <= 0.004
    assert 0.95 <= row["used"] <= 1.0
    before = (path.parent / "summary.csv").read_bytes()
    for work in tmp_path.glob("work/*/*-1.npz"):
        work.unlink()
    assert (small.run().parent / "summary.csv").read_bytes() == before
    with pytest.raises(UnknownNameError, match="order in `orders"):
        runner(tmp_path, orders={**orders, "names": ["backwards"]}).run()


def prepared(cost: np.ndarray, quality: np.ndarray) -> Prepared:
    n, k = cost.shape
    rows = np.arange(n)
    return Prepared(
        trace="made", outcomes=Outcomes(
            arms=tuple("abc"[:k]), prompt_ids=tuple(f"p{i}" for i in rows),
            features=np.ones((n, 1)), quality=quality, cost_usd=cost,
        ),
        categories=tuple("xy"[i % 2] for i in rows), groups=rows,
        parts={"validation": rows[: n // 2], "test": rows[n // 2 :]},
        cost_unit="USD per 1,000 requests", dropped=0, notes=(), facts={},
    )  # fmt: skip


def test_gains_are_over_the_mix_at_the_same_spend() -> None:
    """Spending 2 where arms cost 1 and 3 and are worth 0.2 and 0.6: the mix is worth 0.4."""
    n = 200
    cost = np.tile([1.0, 3.0], (n, 1))
    quality = np.column_stack([np.full(n, 0.2), np.full(n, 0.6)])
    at = prepared(cost, quality)
    tables = Tables(at, np.array([2.5]), np.array([0.3]), draws=50, seed=0)
    m = len(at.rows("test"))
    runs = [Spent(np.full((1, m), 0.5), np.full((1, m), 2.0)) for _ in range(3)]
    row = tables.measured("x", runs).iloc[0]
    assert row["gain"] == pytest.approx(0.1)
    assert row["mix"] == pytest.approx(0.4)
    assert (row["used"], row["overshoot"]) == pytest.approx((0.8, 0.0))
    assert row["over_published"] == pytest.approx(0.2)
    assert row["quality_se"] == pytest.approx(0.0)


def test_orders_are_permutations_of_the_test_rows() -> None:
    rng = np.random.default_rng(1)
    cost = rng.random((60, 3)) * [1.0, 2.0, 9.0]
    at = prepared(cost, rng.random((60, 3)))
    rows = at.rows("test")
    for name, order in ORDERS.items():
        assert sorted(order(at, rows, 0)) == rows.tolist(), name
    sums = cost[ORDERS["dear first"](at, rows, 0)].sum(axis=1)
    assert (np.diff(sums) <= 0).all()
    jumped = outcomes_in("price jump", at, rows)
    assert jumped.cost_usd is not None
    late = rows[len(rows) // 2 :]
    assert jumped.cost_usd[late, 2] == pytest.approx(2.0 * cost[late, 2])
    assert jumped.cost_usd[rows[0]] == pytest.approx(cost[rows[0]])
