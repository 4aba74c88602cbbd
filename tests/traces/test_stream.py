from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gairp.errors import BadRowError, ConfigError, DataError, UnknownNameError
from gairp.traces.adapters import read_trace
from gairp.traces.stream import stream_rows
from gairp.traces.trace import TraceRow

FORMATS = ("parquet", "csv", "csv.gz", "jsonl", "jsonl.gz")
Write = Callable[[str, list[dict[str, Any]]], Path]
every_format = pytest.mark.parametrize("ending", FORMATS)


def many_rows(prompts: int = 40) -> list[dict[str, Any]]:
    """Three models; b lacks a price, c answers every second prompt only."""
    return [
        {
            "prompt_id": f"q{i:03d}",
            "model": model,
            "score": (i * 7 + ord(model)) % 11 / 10,
            "prompt": f"Question {i}?",
            "category": f"c{i % 3}",
            "split": "train" if i % 2 else "test",
            "output_tokens": i + 1,
            "cost_usd": None if model == "b" else i / 100,
            "agreement": i / 64,
        }
        for i in range(prompts)
        for model in ("a", "b", "c")
        if model != "c" or i % 2 == 0
    ]


def assert_same(streamed: Iterator[TraceRow], whole: Iterator[TraceRow]) -> None:
    for one, two in zip(streamed, whole, strict=True):
        about = (one.prompt_id, one.prompt, one.category, one.split)
        assert about == (two.prompt_id, two.prompt, two.category, two.split)
        np.testing.assert_array_equal(one.score, two.score)
        for mine, theirs in ((one.quantities, two.quantities), (one.signals, two.signals)):
            assert list(mine) == list(theirs)
            for name in mine:
                np.testing.assert_array_equal(mine[name], theirs[name])


@every_format
@pytest.mark.parametrize("batch_rows", [1, 2, 7, 100, 8192])
@pytest.mark.parametrize("order", ["clustered", "sorted"])
def test_a_stream_gives_the_rows_of_the_trace(
    write_table: Write, ending: str, batch_rows: int, order: Any
) -> None:
    path = write_table(f"t.{ending}", many_rows())
    signals = ("agreement",)
    stream = stream_rows(path, ("c", "a", "b"), signals=signals, batch_rows=batch_rows, order=order)
    assert_same(stream, iter(read_trace(path, arms=("c", "a", "b"), signals=signals)))


@every_format
def test_a_wide_stream(write_table: Write, ending: str) -> None:
    rows = [
        {"prompt_id": f"q{i}", "a_score": i / 10, "b_score": None if i % 3 else 1.0, "a_ttft_s": i}
        for i in range(10)
    ]
    path = write_table(f"t.{ending}", rows)
    stream = stream_rows(path, ("a", "b"), layout="wide", batch_rows=4)
    assert_same(stream, iter(read_trace(path, layout="wide")))


@pytest.mark.parametrize("batch_rows", [3, 1000])
def test_texts_come_from_a_prompts_table(write_table: Write, batch_rows: int) -> None:
    drop = ("prompt", "category", "split")
    rows = [{k: v for k, v in row.items() if k not in drop} for row in many_rows()]
    outcomes = write_table("o.parquet", rows)
    ids = [*dict.fromkeys(row["prompt_id"] for row in rows)]
    ids[3], ids[9] = ids[9], ids[3]
    sheet = [
        {"prompt_id": i, "prompt": f"Text of {i}", "category": "c", "input_tokens": n}
        for n, i in enumerate([*ids, "unused"])
    ]
    prompts = write_table("p.jsonl", sheet)
    streamed = list(stream_rows(outcomes, ("a", "b"), prompts, batch_rows=batch_rows))
    assert [row.prompt for row in streamed] == [f"Text of {row.prompt_id}" for row in streamed]
    assert [row.quantities["input_tokens"][0] for row in streamed[:4]] == [0, 1, 2, 9]
    short = write_table("short.jsonl", sheet[:20])
    with pytest.raises(DataError, match="'q020' of the outcomes is not there"):
        list(stream_rows(outcomes, ("a", "b"), short))


def test_a_filter_and_a_subset_of_arms(write_table: Write) -> None:
    path = write_table("t.csv", many_rows())
    streamed = list(stream_rows(path, ("c",), where={"split": "test"}, batch_rows=5))
    assert [row.prompt_id for row in streamed] == [f"q{i:03d}" for i in range(0, 40, 2)]
    with pytest.raises(DataError, match=r"where.level names no column"):
        list(stream_rows(path, ("a",), where={"level": 1}))


@every_format
@pytest.mark.parametrize("batch_rows", [2, 1000])
def test_a_prompt_that_comes_back_is_refused(
    write_table: Write, ending: str, batch_rows: int
) -> None:
    rows = many_rows(10)
    rows.append({**rows[3], "model": "c"})
    path = write_table(f"t.{ending}", rows)
    for order, problem in (("clustered", "do not stand together"), ("sorted", "do not ascend")):
        with pytest.raises(BadRowError, match=problem) as caught:
            list(stream_rows(path, ("a", "b"), order=order, batch_rows=batch_rows))  # type: ignore[arg-type]
        assert (caught.value.row, caught.value.value) == (26, "q001")


@every_format
@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("score", 2.0, r"outside \[0, 1\]"),
        ("score", None, "the score is missing"),
        ("score", "good", "is not a number"),
        ("output_tokens", -1, "is negative"),
        ("output_tokens", None, "output_tokens is missing in some rows"),
        ("model", "a", "stands in row 11 already"),
    ],
)
@pytest.mark.parametrize("batch_rows", [3, 1000])
def test_bad_rows_are_refused_behind_the_good_ones(
    write_table: Write, ending: str, column: str, value: Any, problem: str, batch_rows: int
) -> None:
    rows = many_rows(10)
    rows[11][column] = value
    path = write_table(f"t.{ending}", rows)
    given: list[str] = []
    stream = stream_rows(path, ("a", "b"), batch_rows=batch_rows)
    with pytest.raises(BadRowError, match=problem) as caught:
        given.extend(row.prompt_id for row in stream)
    assert caught.value.row == 12
    assert given in ([], ["q000", "q001", "q002"], ["q000", "q001", "q002", "q003"])
    assert bool(given) == (batch_rows == 3)


@pytest.mark.parametrize("ending", ["parquet", "csv.gz", "jsonl.gz", "jsonl"])
def test_a_file_cut_off(write_table: Write, ending: str) -> None:
    path = write_table(f"t.{ending}", many_rows())
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * 0.8)])
    with pytest.raises(DataError, match=r"cut off|not a whole"):
        list(stream_rows(path, ("a", "b"), batch_rows=10))


def test_bad_arguments(write_table: Write) -> None:
    path = write_table("t.csv", many_rows())
    with pytest.raises(UnknownNameError, match="'d'; there are: a, b"):
        list(stream_rows(path, ("a", "b", "d")))
    with pytest.raises(UnknownNameError, match="'random'; there are: clustered, sorted"):
        stream_rows(path, ("a",), order="random")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="named twice"):
        stream_rows(path, ("a", "a"))
    with pytest.raises(DataError, match="at least one row"):
        list(stream_rows(path, ("a",), batch_rows=0))


def write_large(path: Path, prompts: int) -> Path:
    """Four models, row groups of 4,000 rows, a prompt text of 200 characters in every row."""
    import pyarrow as pa
    from pyarrow import parquet

    rng = np.random.default_rng(0)
    with parquet.ParquetWriter(
        path,
        pa.schema(
            [
                ("prompt_id", pa.string()),
                ("model", pa.string()),
                ("score", pa.float64()),
                ("prompt", pa.string()),
            ]
        ),
    ) as writer:
        for start in range(0, prompts, 1_000):
            ids = [f"q{i:08d}" for i in range(start, start + 1_000) for _ in range(4)]
            text = [f"{i} " * 20 for i in ids]
            score = rng.random(4_000)
            table = {
                "prompt_id": ids,
                "model": list("abcd") * 1_000,
                "score": score,
                "prompt": text,
            }
            writer.write_table(pa.table(table))
    return path


def peaks(path: Path, order: Any) -> tuple[int, int, int]:
    """Prompts, peak bytes of Python, peak bytes of Arrow while a file is streamed."""
    import pyarrow as pa

    count = arrow = 0
    tracemalloc.start()
    for _ in stream_rows(path, tuple("abcd"), order=order, batch_rows=2_000):
        count += 1
        arrow = max(arrow, pa.total_allocated_bytes()) if count % 250 == 0 else arrow
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return count, peak, arrow


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    small = write_large(tmp_path / "small.parquet", 1_000)
    large = write_large(tmp_path / "large.parquet", 8_000)
    peaks(small, "sorted")  # imports and caches
    _, base, base_arrow = peaks(small, "sorted")
    count, peak, arrow = peaks(large, "sorted")
    assert count == 8_000
    assert peak < 1.2 * base
    assert arrow < 1.5 * base_arrow
    _, clustered, _ = peaks(large, "clustered")
    assert clustered < base + 32 * 8_000 * 1.5 + 200_000  # the table of ids, old and new
