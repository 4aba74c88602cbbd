"""The study runs from a table to its report and goes on after a stop; its figures by hand."""

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
from gairp.runners.cascades.checks import Check, with_checks
from gairp.runners.cascades.compare import Comparison, Prompts
from gairp.runners.cascades.curve import Curve
from gairp.runners.cascades.runner import CascadesRunner
from gairp.runners.cascades.signals import roc_area, signal_table

METHODS = ("ridge router", "chain, self-verification", "cascade routing, vote")


def runner(tmp_path: Path, **more: Any) -> CascadesRunner:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("run", ["+experiment=cascades"])
    study: Any = OmegaConf.to_container(config, resolve=False)
    given = {k: v for k, v in study["runner"].items() if k not in ("_target_", "work", "out")}
    given["methods"] = {name: given["methods"][name] for name in METHODS}
    families = {"category": ["arithmetic", "comparison", "facts", "units"]}
    return CascadesRunner(
        trace={**study["trace"], "where": families},
        features={"_target_": "gairp.features.Metadata"},
        work=tmp_path / "work", out=tmp_path / "out",
        **{**given, "splits": 2, "draws": 30, "weights": [0.0, 0.1, 0.3, 1.0, 3.0], **more},
    )  # fmt: skip


def test_from_a_table_to_its_report_and_again(tmp_path: Path, capsys: Any) -> None:
    path = runner(tmp_path).run()
    first = (path.parent / "summary.csv").read_bytes()
    assert path.read_text() in capsys.readouterr().out
    assert "taking the answer of the highest score gives 0." in path.read_text()
    frame = pd.read_csv(path.parent / "summary.csv").set_index("method")
    assert set(frame.index) == set(METHODS)
    table: Any = frame.to_dict("index")
    assert table["ridge router"]["top_attempts"] == 1.0
    assert table["ridge router"]["over_router"] == 0.0
    assert table["cascade routing, vote"]["top_attempts"] > 1.0
    assert (path.parent / "figures" / "cascades.png").stat().st_size > 10_000
    files = sorted(tmp_path.glob("work/*/*.npz"))
    assert len(files) == 6
    # A kill leaves whole curves; what is missing is done as it would have been.
    files[3].unlink()
    assert (runner(tmp_path).run().parent / "summary.csv").read_bytes() == first
    # Every attempt and check is paid: no cheaper than the cheapest arm, whatever was asked.
    curve = np.load(next(tmp_path.glob("work/*/cascade_routing,_vote-0.npz")))
    assert (np.diff(curve["cost_usd"].mean(axis=1)) <= 1e-12).all()


def outcomes() -> Outcomes:
    def table(*rows: tuple[float, float]) -> Any:
        return np.array(rows)

    return Outcomes(
        arms=("a", "b"), prompt_ids=("p", "q"), features=np.ones((2, 1)),
        quality=table((0.0, 1.0), (1.0, 1.0)), cost_usd=table((1.0, 2.0), (3.0, 4.0)),
        latency_s=table((0.1, 0.2), (0.3, 0.4)),
        signals={
            "sure": table((0.5, 0.6), (0.7, 0.8)), "vote": table((0.0, 1.0), (1.0, 0.5)),
            "usd": table((10.0, 20.0), (30.0, 40.0)), "s": table((1.0, 2.0), (3.0, 4.0)),
        },
    )  # fmt: skip


def test_a_checked_arm_costs_its_check_and_has_its_signal() -> None:
    checks = {"v": Check(signal="vote", cost_usd="usd", latency_s="s"), "f": Check(signal="sure")}
    wide = with_checks(outcomes(), checks, ["sure"], ["v"])
    assert wide.arms == ("a", "b", "a+v", "b+v")
    assert wide.cost_usd is not None
    assert wide.latency_s is not None
    assert wide.cost_usd[1].tolist() == [3.0, 4.0, 33.0, 44.0]
    assert wide.latency_s[0] == pytest.approx([0.1, 0.2, 1.1, 2.2])
    assert wide.quality[0].tolist() == [0.0, 1.0, 0.0, 1.0]
    assert wide.signals["sure"][0].tolist() == [0.5, 0.6, 0.5, 0.6]
    assert wide.signals["vote"][1].tolist()[2:] == [1.0, 0.5]
    assert np.isnan(wide.signals["vote"][:, :2]).all()
    free = with_checks(outcomes(), checks, [], ["f"])
    assert free.cost_usd is not None
    assert free.cost_usd[0].tolist() == [1.0, 2.0, 1.0, 2.0]
    with pytest.raises(UnknownNameError, match="check 'w'"):
        with_checks(outcomes(), checks, [], ["w"])


def test_the_comparison_by_hand() -> None:
    """Two arms of mean quality 0.5 at cost 1 and 0.75 at cost 3, both known to all methods."""
    quality = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    cost = np.tile([1.0, 3.0], (4, 1))
    rows = np.arange(4)

    def curve(value: Any, spent: Any, validation: float) -> Curve:
        wide = np.tile(np.asarray(value, dtype=float), (5, 1))
        paid = np.tile(np.asarray(spent, dtype=float), (5, 1))
        ones = np.ones(5)
        return Curve(wide, paid, 0.5 * ones, 2.0 * ones, validation)

    cheap = curve(quality[:, 0], cost[:, 0], 0.9)
    dear = curve(quality[:, 1], cost[:, 1], 0.1)
    perfect = curve(np.ones(4), np.ones(4), 0.5)
    curves = {"cheap": [cheap] * 2, "dear": [dear] * 2, "perfect": [perfect] * 2}
    found = Comparison(curves, Prompts(quality, cost, rows, [rows, rows]), draws=30, seed=0)
    kinds = {"cheap": "router", "dear": "router", "perfect": "cascade"}
    assert found.reference(kinds) == "cheap"
    frame = found.table(kinds).set_index("method")
    table: Any = frame.to_dict("index")
    # Perfect at the cheap arm's cost; the cheap arm is 0.5 everywhere; what costs 3 alone earns,
    # mixed with no answer, 0.25 at cost 1, and 0.75 at 3. The fixed mix goes from 0.5 to 0.75.
    assert frame["aiq"].to_dict() == pytest.approx({"perfect": 1.0, "cheap": 0.5, "dear": 0.5})
    assert table["perfect"]["over_mix"] == pytest.approx(1.0 - 0.625)
    assert table["perfect"]["over_router"] == pytest.approx(0.5)
    low, high = (table["perfect"][f"over_router_{end}"] for end in ("low", "high"))
    assert low <= 0.5 <= high
    assert np.isnan(table["cheap"]["p_value"])
    assert table["perfect"]["top_cost_usd_per_1k"] == 1000.0
    assert (table["perfect"]["top_attempts"], found.oracle()) == (2.0, 1.0)


def test_roc_area_by_hand() -> None:
    signal, right = np.array([0.1, 0.4, 0.4, 0.9, np.nan]), np.array([0, 0, 1, 1, 1], dtype=bool)
    # Pairs of a right and a wrong one: (0.4, 0.1) won, (0.4, 0.4) half, (0.9, both) won.
    assert roc_area(signal, right) == 3.5 / 4
    assert np.isnan(roc_area(signal, np.zeros(5, dtype=bool)))
    told = signal_table(outcomes(), ["sure", "vote"]).set_index("signal")
    assert told["a"].to_dict() == {"sure": 1.0, "vote": 1.0}
    assert np.isnan(told["b"].to_numpy(dtype=float)).all()
