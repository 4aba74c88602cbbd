"""A study survives its files, and equal studies make equal files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from gairp.errors import DataError
from gairp.report.folder import load_run, load_study, run_name, save_pool, save_run, save_study
from gairp.report.pool_table import pool_hash, pool_to_table
from gairp.report.run_table import run_from_table, run_to_table
from gairp.report.study import Pool, Run, Sensitivity, Study

MakeRun = Callable[..., Run]


def same(a: object, b: object) -> bool:
    """Field by field; arrays by value, NaN equal to NaN."""
    if isinstance(a, np.ndarray):
        return (
            isinstance(b, np.ndarray)
            and a.dtype == b.dtype
            and bool(np.array_equal(a, b, equal_nan=a.dtype in (np.float64, np.float32)))
        )
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, Pool | Run | Study) and isinstance(b, Pool | Run | Study):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    return a == b


@pytest.fixture
def full(study: Study, make_run: MakeRun) -> Study:
    """With everything that a study may hold, and gaps."""
    quality = study.pool.quality.copy()
    quality[0, 0] = np.nan
    pool = replace(
        study.pool,
        quality=quality,
        latency_s=None,
        train_latency_s=None,
        train_utility=np.array([0.4, np.nan]),
    )
    return replace(
        study,
        pool=pool,
        runs=(
            make_run([-1, *[0] * 7], policy="a"),
            replace(
                study.runs[0],
                predicted=np.linspace(0, 1, 16, dtype=np.float32).reshape(8, 2),
                uncalibrated=np.full((8, 2), [0.5, np.nan], dtype=np.float32),
            ),
            *study.runs[1:],
        ),
        sweep=(make_run([0] * 8, policy="a", cost_weight=0.05),),
        comparators=("a",),
        dropped=3,
        sensitivity=(Sensitivity(label="half", gains={"p": (0.1, 0.05, 0.2)}),),
    )


def test_a_study_comes_back_as_it_was(full: Study, tmp_path: Path) -> None:
    save_study(full, tmp_path)
    assert same(load_study(tmp_path), full)


def test_runs_come_back_sorted_whatever_their_order_and_file_names(
    full: Study, tmp_path: Path
) -> None:
    save_study(replace(full, runs=full.runs[::-1]), tmp_path)
    for i, path in enumerate(sorted((tmp_path / "runs").iterdir(), reverse=True)):
        path.rename(path.with_name(f"{i}.parquet"))
    assert same(load_study(tmp_path), full)


def test_equal_studies_make_equal_bytes(full: Study, tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_study(full, tmp_path / name)
    files = [sorted((tmp_path / name).rglob("*.*")) for name in ("a", "b")]
    assert len(files[0]) == 6
    for one, other in zip(*files, strict=True):
        assert one.name == other.name
        assert one.read_bytes() == other.read_bytes()


def test_a_run_names_prompts_and_arms(pool: Pool, make_run: MakeRun) -> None:
    table = run_to_table(make_run([0, 1, -1, 0, 0, 0, 0, 1], order=[7, 2, 1]), pool)
    assert table["prompt_id"].to_pylist() == ["p7", "p2", "p1"]
    assert table["arm"].to_pylist() == ["strong", None, "strong"]
    assert table.column_names == ["prompt_id", "arm", "propensity", "quality", "cost_usd",
                                  "latency_s"]  # fmt: skip


def test_a_run_is_not_read_with_the_pool_of_another_study(pool: Pool, make_run: MakeRun) -> None:
    table = run_to_table(make_run([0] * 8), pool)
    other = replace(pool, prompt_ids=(*pool.prompt_ids[:7], "elsewhere"))
    with pytest.raises(DataError, match=r"column 'prompt_id', row 8: 'p7' is not in the pool"):
        run_from_table(table, other)


def test_single_pieces(pool: Pool, make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run([0, 1] * 4, policy="x", seed=7)
    save_run(run, pool, tmp_path / "decisions.parquet")
    assert same(load_run(tmp_path / "decisions.parquet", pool), run)
    save_pool(pool, tmp_path / "pool.parquet")
    with pytest.raises(DataError, match="not a run table"):
        load_run(tmp_path / "pool.parquet", pool)


def test_an_absent_or_foreign_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"study\.json: no such file; a report needs a finished"):
        load_study(tmp_path)
    (tmp_path / "study.json").write_text('{"version": 2}')
    with pytest.raises(DataError, match=r"key 'version': 2 is not 1"):
        load_study(tmp_path)


def test_a_table_cut_off_in_the_middle_is_refused(study: Study, tmp_path: Path) -> None:
    save_study(study, tmp_path)
    path = tmp_path / "pool.parquet"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match=r"pool\.parquet: cannot be read as Parquet"):
        load_study(tmp_path)


def test_run_names_are_file_names_and_never_clash(make_run: MakeRun) -> None:
    arms = [0] * 8
    assert run_name(make_run(arms, policy="linucb", seed=3)) == "linucb-s3"
    assert run_name(make_run(arms, policy="linucb", cost_weight=0.05)) == "linucb-w0.05-s0"
    odd = run_name(make_run(arms, policy="a/b"))
    assert odd.startswith("a_b-")
    assert odd != run_name(make_run(arms, policy="a_b"))


def test_the_pool_hash_tells_pools_apart(pool: Pool) -> None:
    assert pool_hash(pool) == pool_hash(replace(pool))
    quality = pool.quality.copy()
    quality[3, 1] = 0.5
    for other in (
        replace(pool, quality=quality),
        replace(pool, latency_s=None),
        replace(pool, arms=("weak", "strongest")),
    ):
        assert pool_hash(other) != pool_hash(pool)


def test_a_pool_without_a_quantity_has_no_column_for_it(pool: Pool) -> None:
    names = pool_to_table(replace(pool, cost_usd=None)).column_names
    assert names == ["prompt_id", "category", "group", "quality/weak", "quality/strong",
                     "latency_s/weak", "latency_s/strong"]  # fmt: skip
