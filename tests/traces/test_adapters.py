from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gairp.errors import ConfigError, DataError, UnknownNameError
from gairp.traces.adapters import read_trace
from gairp.traces.columns import Columns
from gairp.traces.content_hash import trace_hash

FORMATS = ("parquet", "csv", "csv.gz", "jsonl", "jsonl.gz")
Write = Callable[[str, list[dict[str, Any]]], Path]


def outcome(prompt_id: str, model: str, score: float, **more: object) -> dict[str, Any]:
    return {"prompt_id": prompt_id, "model": model, "score": score, **more}


OUTCOMES = [
    outcome("q1", "big", 1.0, input_tokens=10, output_tokens=5, cost_usd=0.02, latency_s=1.5),
    outcome("q1", "small", 0.25, input_tokens=10, output_tokens=7, cost_usd=0.001, latency_s=0.5),
    outcome("q2", "small", 0.0, input_tokens=12, output_tokens=6, cost_usd=0.002, latency_s=0.25),
]
PROMPTS = [
    {"prompt_id": "q2", "prompt": "What, now?\nSay.", "category": "b", "split": "test"},
    {"prompt_id": "q1", "prompt": "Who?", "category": "a", "split": "train"},
]


@pytest.mark.parametrize("ending", FORMATS)
def test_long_layout_of_every_format(write_table: Write, ending: str) -> None:
    outcomes = write_table(f"outcomes.{ending}", OUTCOMES)
    prompts = write_table(f"prompts.{ending}", PROMPTS)
    trace = read_trace(outcomes, prompts)
    assert trace.name == "outcomes"
    assert trace.arms == ("big", "small")
    assert trace.prompt_ids == ("q2", "q1")
    assert trace.prompts == ("What, now?\nSay.", "Who?")
    assert trace.categories == ("b", "a")
    assert trace.splits == ("test", "train")
    np.testing.assert_array_equal(trace.score, [[np.nan, 0.0], [1.0, 0.25]])
    assert list(trace.quantities) == ["input_tokens", "output_tokens", "cost_usd", "latency_s"]
    np.testing.assert_array_equal(trace.quantities["cost_usd"], [[np.nan, 0.002], [0.02, 0.001]])
    np.testing.assert_array_equal(trace.quantities["output_tokens"], [[np.nan, 6], [5, 7]])
    assert trace.groups.tolist() == [0, 1]
    assert trace.notes == ()


def test_content_hash_is_the_same_for_every_format(write_table: Write) -> None:
    hashes = set()
    for ending in FORMATS:
        outcomes = write_table(f"outcomes.{ending}", OUTCOMES)
        hashes.add(trace_hash(read_trace(outcomes, write_table(f"prompts.{ending}", PROMPTS))))
    assert len(hashes) == 1


def test_float32_is_read_as_the_decimal_that_it_names(write_table: Write, tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    rows = [outcome("q1", "m", 0.1, cost_usd=4.5e-05), outcome("q2", "m", 0.7, cost_usd=1e-3)]
    narrow = pa.table(
        {
            "prompt_id": ["q1", "q2"],
            "model": ["m", "m"],
            "score": pa.array([0.1, 0.7], pa.float32()),
            "cost_usd": pa.array([4.5e-05, 1e-3], pa.float32()),
        }
    )
    parquet.write_table(narrow, tmp_path / "narrow.parquet")
    trace = read_trace(tmp_path / "narrow.parquet")
    assert trace.score.ravel().tolist() == [0.1, 0.7]
    assert trace_hash(trace) == trace_hash(read_trace(write_table("wide.csv", rows)))


def test_every_arrow_type_of_text_and_number(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    ids, models = ["q1", "q2"], ["m", "m"]
    texts = [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int8(), pa.string()),
    ]
    numbers = [pa.int8(), pa.uint64(), pa.float16(), pa.decimal128(30, 2), pa.bool_(), pa.string()]
    for text in texts:
        for number in numbers:
            score = ["0", "1"] if number == pa.string() else [0, 1]
            values = pa.array(score).cast(number)
            table = {
                "prompt_id": pa.array(ids).cast(text),
                "model": pa.array(models).cast(text),
                "score": values,
                "latency_s": values,
            }
            parquet.write_table(pa.table(table), tmp_path / "t.parquet")
            trace = read_trace(tmp_path / "t.parquet", where={"model": "m"})
            assert trace.prompt_ids == ("q1", "q2")
            assert trace.score.ravel().tolist() == [0.0, 1.0]
            assert trace.quantities["latency_s"].ravel().tolist() == [0.0, 1.0]


@pytest.mark.parametrize("ending", FORMATS)
def test_wide_layout_of_every_format(write_table: Write, ending: str) -> None:
    rows: list[dict[str, Any]] = [
        {"prompt_id": "q1", "prompt": "Who?", "big_score": 1.0, "big_cost_usd": 0.5, "s_score": 0},
        {
            "prompt_id": "q2",
            "prompt": "Why?",
            "big_score": None,
            "big_cost_usd": None,
            "s_score": 1,
        },
    ]
    trace = read_trace(write_table(f"t.{ending}", rows), layout="wide")
    assert trace.arms == ("big", "s")
    np.testing.assert_array_equal(trace.score, [[1.0, 0.0], [np.nan, 1.0]])
    np.testing.assert_array_equal(trace.quantities["cost_usd"], [[0.5, np.nan], [np.nan, np.nan]])
    assert trace.arms_without("cost_usd") == ("s",)


def test_wide_and_long_give_the_same_trace(write_table: Write) -> None:
    long = [
        outcome("q1", "a", 1.0, latency_s=1.0, prompt="Who?", agreement=0.5),
        outcome("q1", "b", 0.5, latency_s=2.0, prompt="Who?", agreement=1.0),
    ]
    wide = [
        {
            "prompt_id": "q1",
            "prompt": "Who?",
            "a_score": 1.0,
            "b_score": 0.5,
            "a_latency_s": 1.0,
            "b_latency_s": 2.0,
            "a_agreement": 0.5,
            "b_agreement": 1.0,
        }
    ]
    one = read_trace(write_table("long.csv", long), signals=("agreement",))
    two = read_trace(write_table("wide.csv", wide), layout="wide", signals=("agreement",))
    assert one.signals["agreement"].tolist() == [[0.5, 1.0]]
    assert trace_hash(one) == trace_hash(two)


def test_wide_columns_by_pattern_and_by_name(write_table: Write) -> None:
    rows = [{"id": "q1", "tok": 7, "gpt-4": 1, "m": 0, "gpt-4|usd": 0.5, "m|usd": 0.25, "lp|m": -1}]
    path = write_table("t.csv", rows)
    trace = read_trace(
        path,
        layout="wide",
        arms=("m", "gpt-4"),
        columns={
            "prompt_id": "id",
            "score": "{arm}",
            "cost_usd": "{arm}|usd",
            "input_tokens": "tok",
        },
        signals={"logprob": "lp|{arm}"},
    )
    assert trace.score.tolist() == [[0.0, 1.0]]
    assert trace.quantities["cost_usd"].tolist() == [[0.25, 0.5]]
    assert trace.quantities["input_tokens"].tolist() == [[7.0, 7.0]]
    np.testing.assert_array_equal(trace.signals["logprob"], [[-1.0, np.nan]])
    named = read_trace(
        path, layout="wide", columns={"prompt_id": "id", "score": {"x": "gpt-4", "y": "m"}}
    )
    assert named.arms == ("x", "y")
    assert named.score.tolist() == [[1.0, 0.0]]
    with pytest.raises(ConfigError, match="name the arms"):
        read_trace(path, layout="wide", columns={"prompt_id": "id", "score": "{arm}"})


def test_columns_map_to_the_users_names(write_table: Write) -> None:
    rows = [{"qid": 7, "llm": "m", "acc": True, "usd": 0.5, "topic": "t", "text": "Who?"}]
    trace = read_trace(
        write_table("t.jsonl", rows),
        columns=Columns(
            prompt_id="qid",
            model="llm",
            score="acc",
            cost_usd="usd",
            category="topic",
            prompt="text",
        ),
    )
    assert trace.prompt_ids == ("7",)
    assert trace.score.tolist() == [[1.0]]
    assert trace.quantities["cost_usd"].tolist() == [[0.5]]
    assert (trace.categories, trace.prompts) == (("t",), ("Who?",))


def test_several_names_may_be_tried(write_table: Write) -> None:
    path = write_table("t.csv", [{"prompt_id": "q1", "model": "m", "acc": 1.0}])
    assert read_trace(path, columns={"score": ["quality", "acc"]}).score.tolist() == [[1.0]]
    # what equals the default is not a demand
    assert read_trace(path, columns={"score": "acc", "cost_usd": ["cost_usd", "cost_usd_est"]})
    with pytest.raises(DataError, match="there is no 'quality' or 'truth' for the field 'score'"):
        read_trace(path, columns={"score": ["quality", "truth"]})
    with pytest.raises(DataError, match="or layout=wide where a row holds all models"):
        read_trace(write_table("w.csv", [{"prompt_id": "q1", "a_score": 1.0}]))


def test_a_key_that_is_no_field_is_refused_with_what_exists(write_table: Write) -> None:
    path = write_table("t.csv", OUTCOMES)
    with pytest.raises(UnknownNameError, match="'quality'; there are: category, cost_usd"):
        read_trace(path, columns={"quality": "score"})
    with pytest.raises(UnknownNameError, match="'tall'; there are: long, wide"):
        read_trace(path, layout="tall")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="'huge'; there are: big, small"):
        read_trace(path, arms=("big", "huge"))
    with pytest.raises(ConfigError, match="'big' is named twice"):
        read_trace(path, arms=("big", "big"))


def test_an_estimated_cost_and_a_column_left_out(write_table: Write) -> None:
    rows = [outcome("q1", "m", 1.0, cost_usd_est=0.5, output_tokens=3)]
    path = write_table("t.csv", rows)
    trace = read_trace(path)
    assert trace.notes == ("estimated: cost_usd = cost_usd_est",)
    assert list(read_trace(path, columns={"cost_usd": None}).quantities) == ["output_tokens"]


def test_a_quantity_unknown_for_an_arm_stays_nan(write_table: Write) -> None:
    rows = [
        outcome("q1", "a", 1.0, cost_usd=0.5, ttft_s=None),
        outcome("q1", "b", 1.0, cost_usd=None, ttft_s=None),
    ]
    for ending in FORMATS:
        trace = read_trace(write_table(f"t.{ending}", rows))
        np.testing.assert_array_equal(trace.quantities["cost_usd"], [[0.5, np.nan]])
        assert list(trace.quantities) == ["cost_usd"]


@pytest.mark.parametrize("ending", FORMATS)
def test_where_filters_both_tables(write_table: Write, ending: str) -> None:
    outcomes = [
        outcome("q1", "m", 1.0, dataset="mmlu", contaminated=False, output_tokens=None),
        outcome("q2", "m", 0.0, dataset="mmlu", contaminated=True, output_tokens=None),
        outcome("q3", "m", 0.5, dataset="gsm8k", contaminated=False, output_tokens=9),
    ]
    prompts = [
        {"prompt_id": r["prompt_id"], "prompt": r["prompt_id"], "dataset": r["dataset"], "level": n}
        for n, r in enumerate(outcomes)
    ]
    paths = write_table(f"o.{ending}", outcomes), write_table(f"p.{ending}", prompts)
    clean = read_trace(*paths, where={"dataset": "mmlu", "contaminated": False})
    assert (clean.prompt_ids, clean.categories) == (("q1",), ("mmlu",))
    assert clean.quantities == {}
    levels = read_trace(*paths, where={"level": [1, 2], "dataset": ["gsm8k"]})
    assert levels.prompt_ids == ("q3",)
    assert levels.quantities["output_tokens"].tolist() == [[9.0]]
    with pytest.raises(DataError, match=r"no row has 'dataset' = 'arc'; the values are: gsm8k, mm"):
        read_trace(*paths, where={"dataset": "arc"})
    with pytest.raises(DataError, match=r"where.source names no column"):
        read_trace(*paths, where={"source": "arc"})


def test_a_prompt_without_outcomes_stays_unless_a_filter_took_them(write_table: Write) -> None:
    outcomes = write_table(
        "o.csv", [outcome("q1", "m", 1.0, fold=1), outcome("q2", "m", 1.0, fold=2)]
    )
    prompts = write_table("p.csv", [{"prompt_id": f"q{i}", "prompt": "?"} for i in (1, 2, 3)])
    whole = read_trace(outcomes, prompts)
    assert whole.prompt_ids == ("q1", "q2", "q3")
    assert np.isnan(whole.score[2, 0])
    assert read_trace(outcomes, prompts, where={"fold": 2}).prompt_ids == ("q2",)


def test_input_tokens_may_stand_with_the_prompts(write_table: Write) -> None:
    outcomes = write_table("o.csv", [outcome("q1", "a", 1.0), outcome("q2", "b", 1.0)])
    prompts = [{"prompt_id": f"q{i}", "prompt": "?", "input_tokens": 10 * i} for i in (1, 2)]
    trace = read_trace(outcomes, write_table("p.csv", prompts))
    np.testing.assert_array_equal(trace.quantities["input_tokens"], [[10, np.nan], [np.nan, 20]])


def test_an_assumption_is_filled_in_and_noted(write_table: Write) -> None:
    path = write_table("o.csv", [outcome("q1", "a", 1.0), outcome("q2", "b", 1.0)])
    trace = read_trace(path, assume={"output_tokens": 256})
    np.testing.assert_array_equal(trace.quantities["output_tokens"], [[256, np.nan], [np.nan, 256]])
    assert trace.notes == ("assumed: output_tokens = 256",)
    known = write_table("k.csv", OUTCOMES)
    with pytest.raises(ConfigError, match="records it for every arm"):
        read_trace(known, assume={"output_tokens": 256})
    with pytest.raises(UnknownNameError, match="'tokens'"):
        read_trace(path, assume={"tokens": 256})
    with pytest.raises(ConfigError, match="finite number, 0 or more"):
        read_trace(path, assume={"output_tokens": -1})


def test_an_assumption_fills_only_the_arms_that_lack_it(write_table: Write) -> None:
    rows = [outcome("q1", "a", 1.0, latency_s=2.0), outcome("q1", "b", 1.0, latency_s=None)]
    trace = read_trace(write_table("o.csv", rows), assume={"latency_s": 0.5})
    assert trace.quantities["latency_s"].tolist() == [[2.0, 0.5]]
    assert trace.notes == ("assumed: latency_s = 0.5 for b",)


def test_another_scale_of_scores_is_declared(write_table: Write) -> None:
    path = write_table("o.csv", [outcome("q1", "a", 10), outcome("q2", "a", 5.5)])
    trace = read_trace(path, score_range=(1, 10))
    assert trace.score.ravel().tolist() == [1.0, 0.5]
    assert trace.notes == ("rescaled: score from [1, 10] to [0, 1]",)
    odd = write_table("odd.csv", [outcome("q1", "a", -0.25), outcome("q2", "a", 0.5)])
    clipped = read_trace(odd, clip=True)
    assert clipped.score.ravel().tolist() == [0.0, 0.5]
    assert clipped.notes == ("clipped: 1 of 2 scores lay outside [0, 1]",)
    with pytest.raises(ConfigError, match="score_range"):
        read_trace(path, score_range=(1, 1))


def test_near_duplicates_share_a_group(write_table: Write) -> None:
    prompts = [
        {"prompt_id": "q1", "prompt": "Who wrote Hamlet?"},
        {"prompt_id": "q2", "prompt": "who wrote  hamlet"},
    ]
    rows = [outcome("q1", "a", 1.0), outcome("q2", "a", 1.0)]
    paths = write_table("o.csv", rows), write_table("p.csv", prompts)
    assert read_trace(*paths).groups.tolist() == [0, 0]
    assert read_trace(*paths, duplicate_threshold=None).groups.tolist() == [0, 1]


def test_signals_may_be_partly_missing(write_table: Write) -> None:
    rows = [outcome("q1", "a", 1.0, logprob=-0.5), outcome("q2", "a", 1.0, logprob=None)]
    for ending in FORMATS:
        trace = read_trace(write_table(f"o.{ending}", rows), signals=["logprob"])
        np.testing.assert_array_equal(trace.signals["logprob"], [[-0.5], [np.nan]])
    with pytest.raises(ConfigError, match=r"map it with columns.cost_usd"):
        read_trace(write_table("o.csv", rows), signals=["cost_usd"])


def test_a_csv_without_its_last_line_break_is_noted(write_table: Write) -> None:
    path = write_table("o.csv", OUTCOMES)
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert read_trace(path).notes == ("o.csv ends without a line break: its last row may be cut",)


def test_a_spreadsheets_csv_is_read(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    path.write_bytes("\ufeffprompt_id,model,score\r\nq1,a, 0.5 \r\n\r\nq2,a,1\r\n".encode())
    assert read_trace(path).score.ravel().tolist() == [0.5, 1.0]
