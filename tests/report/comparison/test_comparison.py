"""Any set of runs compared: one pool, splits of one trace, several data sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gairp.errors import ConfigError
from gairp.metrics.bootstrap import TwoWayBootstrap
from gairp.metrics.compare import compare_with_mix
from gairp.report.comparison.compared import compare_studies
from gairp.report.comparison.data_set import data_sets
from gairp.report.comparison.write import verdict_line, write_comparison
from gairp.report.folder import load_study, save_study
from gairp.report.study import Pool, Run, Study
from gairp.report.summary import summarise

Make = Callable[..., Study]


def part(study: Study, rows: np.ndarray, **changes: object) -> Study:
    """The study on some of its prompts: another split of its trace."""
    pool = study.pool
    assert pool.cost_usd is not None
    taken = replace(
        pool,
        prompt_ids=tuple(pool.prompt_ids[i] for i in rows),
        categories=tuple("ab"[i % 2] for i in rows),
        groups=pool.groups[rows],
        quality=pool.quality[rows],
        cost_usd=pool.cost_usd[rows],
    )
    runs = tuple(only(run, taken, pool) for run in study.runs)
    return replace(study, pool=taken, runs=runs, facts={"data_hash": "x"}, **changes)  # type: ignore[arg-type]


def only(run: Run, taken: Pool, pool: Pool) -> Run:
    place = {pool.prompt_ids.index(p): i for i, p in enumerate(taken.prompt_ids)}
    kept = np.array([row in place for row in run.rows])
    rows = np.array([place[row] for row in run.rows[kept]])
    values = {
        n: getattr(run, n)[kept] for n in ("arms", "propensity", "quality", "cost_usd", "latency_s")
    }
    return replace(run, rows=rows, **values)


def test_one_pool_has_the_gains_of_the_report(big_study: Make) -> None:
    study = big_study(3, good=0.6, fair=0.3, poor=-0.3)
    found = compare_studies([study], draws=200)
    summary = summarise(study, draws=200)
    assert found.contest.names == ("good", "fair", "zero_router", "poor")
    for name, effect in zip(found.contest.names, found.contest.effects, strict=True):
        expected = 0.0 if name == "zero_router" else summary.row(name).gain.point
        assert effect.point == pytest.approx(expected, abs=1e-12)
    pair = found.contest.pair("good", "poor")
    assert pair.differ
    assert pair.difference.point == pytest.approx(
        summary.row("good").gain.point - summary.row("poor").gain.point
    )


def test_the_mix_is_drawn_with_each_policy(big_study: Make) -> None:
    study = big_study(2, good=0.6)
    one = data_sets([study])[0]
    boot = TwoWayBootstrap(one.groups, n_seeds=2, rng=np.random.default_rng([0, 0]), draws=100)
    own = compare_with_mix(
        one.quality[0], one.cost[0], one.arm_quality, one.arm_cost, one.vertices or (), boot
    )
    found = compare_studies([study], draws=100).contest
    assert found.effects[0].draws == pytest.approx(own.gain.draws)


def test_splits_of_a_trace_are_one_data_set(big_study: Make) -> None:
    study = big_study(2, good=0.6, fair=0.2)
    halves = [part(study, np.arange(0, 300)), part(study, np.arange(100, 400))]
    sets = data_sets(halves)
    assert [(one.splits, one.quality.shape) for one in sets] == [(2, (2, 4, 400))]
    assert np.isnan(sets[0].quality[0, 0, 300:]).all()
    found = compare_studies(halves, measured="quality", draws=100)
    expected = np.nanmean([sets[0].quality[i] for i in range(2)], axis=(1, 2))
    by_name = {n: e.point for n, e in zip(found.contest.names, found.contest.effects, strict=True)}
    assert by_name == pytest.approx(dict(zip(sets[0].policies, expected, strict=True)))
    assert found.block_names[0] == "big: seed 0"
    assert len(found.block_names) == 4


def test_data_sets_count_alike_and_categories_rank(big_study: Make) -> None:
    study = big_study(2, good=0.6, fair=0.2)
    large, small = part(study, np.arange(300)), part(study, np.arange(300, 340))
    small = replace(small, name="small", facts={"data_hash": "y"})
    found = compare_studies([large, small], measured="quality", blocks="category", draws=100)
    assert found.block_names == ("big: a", "big: b", "small: a", "small: b")
    for name, effect in zip(found.contest.names, found.contest.effects, strict=True):
        own = [found.effects[one][name].point for one in ("big", "small")]
        assert effect.point == pytest.approx(np.mean(own))
    assert found.friedman is None


def test_only_what_all_data_sets_have_is_compared(big_study: Make) -> None:
    one, two = big_study(2, good=0.6, fair=0.2), big_study(2, good=0.6, other=0.1)
    two = part(two, np.arange(200))
    assert compare_studies([one, two], draws=50).contest.names == ("good", "zero_router")
    with pytest.raises(ConfigError, match="fewer than two policies are in every data set"):
        compare_studies([one, two], measured="quality", draws=50)
    two = replace(two, utility={"cost_weight": 1.0})
    with pytest.raises(ConfigError, match="utilities differ"):
        compare_studies([one, two], measured="utility", draws=50)


def test_files_say_the_same_from_a_store(big_study: Make, tmp_path: Path) -> None:
    study = big_study(3, good=0.6, fair=0.3)
    found = compare_studies([study], draws=200)
    files = write_comparison(found, tmp_path / "one")
    assert [f.name for f in files] == [
        "comparison.md", "effects.csv", "pairs.csv",
        "critical_difference.png", "critical_difference.svg",
    ]  # fmt: skip
    save_study(study, tmp_path / "kept")
    again = compare_studies([load_study(tmp_path / "kept")], draws=200)
    for one, two in zip(files, write_comparison(again, tmp_path / "two"), strict=True):
        assert one.read_bytes() == two.read_bytes()
    assert verdict_line(found) in files[0].read_text(encoding="utf-8")
    assert verdict_line(found) == (
        "good ranks first over 1 data set by quality over the best fixed mix at equal cost: "
        "significantly better than fair, zero_router (no verdict: 3 seeds, 10 needed)."
    )
    first = files[2].read_text(encoding="utf-8").splitlines()[1].split(",")
    assert first[:2] == ["good", "fair"]
    assert first[-1] == "true"


def test_many_pairs_get_enough_draws(big_study: Make) -> None:
    study = big_study(2, a=0.9, b=0.8, c=0.1, d=-0.1, e=-0.5)
    found = compare_studies([study], draws=50)
    assert found.draws == 1500  # 15 pairs: the smallest p, 2/1501, times 15 is 0.02
    assert found.contest.pair("a", "e").p_value == pytest.approx(30 / 1501)
