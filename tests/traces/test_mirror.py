"""The tables of the data mirror, through the adapters as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gairp.errors import BadRowError
from gairp.traces.adapters import read_trace
from gairp.traces.content_hash import trace_hash
from gairp.traces.pool import select_pool
from gairp.traces.splits import source_split, split
from gairp.traces.stream import stream_rows
from gairp.traces.trace import Trace

EIGHT = (
    "Meta-Llama-3.1-8B-Instruct",
    "Meta-Llama-3.1-70B-Instruct",
    "Mixtral-8x7B-Instruct-v0.1",
    "c4ai-command-r-v01",
    "Phi-3-mini-4k-instruct",
    "jamba-1.5-large",
    "gemini-1.5-flash-002",
    "gemini-1.5-pro-002",
)


def tables(mirror: Path, name: str) -> tuple[Path, Path]:
    return mirror / name / "outcomes.parquet", mirror / name / "prompts.parquet"


@pytest.fixture(scope="module")
def mmlu_pro(data_mirror: Path) -> Trace:
    return read_trace(*tables(data_mirror, "mmlu_pro"), name="mmlu_pro")


def test_mmlu_pro_is_read_whole(mmlu_pro: Trace) -> None:
    assert (len(mmlu_pro), len(mmlu_pro.arms)) == (12_032, 29)
    assert int((~np.isnan(mmlu_pro.score)).sum()) == 347_215
    assert list(mmlu_pro.quantities) == ["input_tokens", "output_tokens", "cost_usd"]
    assert len(mmlu_pro.arms_without("cost_usd")) == 18
    assert len(set(mmlu_pro.categories)) == 14
    assert mmlu_pro.notes == ("estimated: cost_usd = cost_usd_est",)
    llama = mmlu_pro.score[:, mmlu_pro.arms.index("Meta-Llama-3-70B")]
    assert round(100 * float(llama.mean()), 2) == 52.01
    groups = len(set(mmlu_pro.groups.tolist()))
    assert 11_800 <= groups <= 12_032 - 159


def test_the_eight_arms_keep_12002_of_12032(mmlu_pro: Trace) -> None:
    pool = select_pool(mmlu_pro, EIGHT)
    assert (len(pool.trace), pool.total, len(pool.dropped)) == (12_002, 12_032, 30)
    assert pool.trace.arms == EIGHT
    assert not pool.trace.arms_without("cost_usd")
    lacking = {arm: count for arm, count in pool.missing_pairs.items() if count}
    assert lacking == {"gemini-1.5-flash-002": 20, "gemini-1.5-pro-002": 12}
    reject = select_pool(mmlu_pro, EIGHT, "reject")
    assert (len(reject.trace), len(reject.complete)) == (12_032, 12_002)


def test_mmlu_pro_splits_without_leaks(mmlu_pro: Trace) -> None:
    parts = split(mmlu_pro, 0)
    sizes = {part: len(rows) for part, rows in parts.parts.items()}
    assert sum(sizes.values()) == 12_032
    assert abs(sizes["train"] - 7_219) <= 3
    seen: dict[str, str] = {}
    for part, rows in parts.parts.items():
        for row in rows.tolist():
            assert seen.setdefault(mmlu_pro.prompts[row], part) == part


def test_mmlu_pro_streams_as_it_reads(data_mirror: Path, mmlu_pro: Trace) -> None:
    pool = mmlu_pro.pool(EIGHT)
    row_of = {prompt_id: i for i, prompt_id in enumerate(pool.prompt_ids)}
    count = 0
    for row in stream_rows(data_mirror / "mmlu_pro" / "outcomes.parquet", EIGHT):
        i = row_of[row.prompt_id]
        np.testing.assert_array_equal(row.score, pool.score[i])
        np.testing.assert_array_equal(row.quantities["cost_usd"], pool.quantities["cost_usd"][i])
        count += 1
    assert count == 12_032


def test_llmrouter_declares_its_output_length(data_mirror: Path) -> None:
    paths = tables(data_mirror, "llmrouter")
    trace = read_trace(*paths, assume={"output_tokens": 256})
    assert (len(trace), len(trace.arms), trace.notes) == (
        6_108,
        9,
        ("assumed: output_tokens = 256",),
    )
    assert set(np.unique(trace.quantities["output_tokens"]).tolist()) == {256.0}
    assert len(set(trace.categories)) == 14
    own = source_split(trace, {"train": "train", "test": "test"})
    test, train = set(own.rows("test").tolist()), own.rows("train")
    texts = {trace.prompts[i] for i in test}
    assert not any(trace.prompts[i] in texts for i in train.tolist())
    assert own.dropped["train"] >= 119
    assert own.dropped["test"] == 0


@pytest.mark.parametrize(
    ("dataset", "prompts", "strong", "weak"),
    [("mmlu", 14_037, 80.587, 68.091), ("gsm8k", 1_307, 85.769, 63.734)],
)
def test_routellm_is_read_dataset_by_dataset(
    data_mirror: Path, dataset: str, prompts: int, strong: float, weak: float
) -> None:
    where: dict[str, str | bool] = {"dataset": dataset, "contaminated": False}
    trace = read_trace(*tables(data_mirror, "routellm"), where=where)
    assert len(trace) == prompts
    assert trace.arms == ("gpt-4-1106-preview", "mistralai/Mixtral-8x7B-Instruct-v0.1")
    assert (100 * trace.score.mean(axis=0)).round(3).tolist() == [strong, weak]
    assert trace.has("output_tokens") == (dataset == "gsm8k")


def test_routellm_as_one_table_has_torn_quantities(data_mirror: Path) -> None:
    with pytest.raises(BadRowError, match="input_tokens is missing in 80 of 15441 rows"):
        read_trace(*tables(data_mirror, "routellm"))


def test_paretobandit_keeps_its_own_split(data_mirror: Path) -> None:
    trace = read_trace(*tables(data_mirror, "paretobandit"))
    own = source_split(trace, {"train": "val", "test": "test"})
    test = select_pool(own.take(trace, "test"), [a for a in trace.arms if "flash" not in a]).trace
    assert len(test) == 1_824
    means = dict(zip(test.arms, test.score.mean(axis=0).round(4).tolist(), strict=True))
    costs = dict(zip(test.arms, test.quantities["cost_usd"].mean(axis=0).tolist(), strict=True))
    assert means == {
        "google/gemini-2.5-pro": 0.9322,
        "meta-llama/llama-3.1-8b-instruct": 0.7931,
        "mistralai/mistral-large-2512": 0.9231,
    }
    assert f"{costs['mistralai/mistral-large-2512']:.3e}" == "5.268e-04"


def test_routerarena_needs_its_scores_clipped(data_mirror: Path) -> None:
    paths = tables(data_mirror, "routerarena_sub10")
    with pytest.raises(BadRowError, match=r"row 495, column 'score'.*clip=True"):
        read_trace(*paths)
    trace = read_trace(*paths, clip=True, columns={"category": "family"})
    assert trace.notes == ("clipped: 1 of 1618 scores lay outside [0, 1]",)
    assert trace.score.mean(axis=0).round(4).tolist() == [0.5234, 0.6901]


def test_the_hash_of_a_mirror_table_is_that_of_its_csv(data_mirror: Path, tmp_path: Path) -> None:
    import pandas as pd

    outcomes, prompts = tables(data_mirror, "paretobandit")
    pd.read_parquet(outcomes).to_csv(tmp_path / "o.csv.gz", index=False)
    pd.read_parquet(prompts).to_csv(tmp_path / "p.csv", index=False)
    copied = read_trace(tmp_path / "o.csv.gz", tmp_path / "p.csv", duplicate_threshold=None)
    original = read_trace(outcomes, prompts, duplicate_threshold=None)
    assert trace_hash(copied) == trace_hash(original)
