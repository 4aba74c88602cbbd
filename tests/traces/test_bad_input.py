"""Every kind of bad input is refused, in every format, with its place and a remedy."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gairp.errors import BadRowError, DataError
from gairp.traces.adapters import read_trace

FORMATS = ("parquet", "csv", "csv.gz", "jsonl", "jsonl.gz")
Write = Callable[[str, list[dict[str, Any]]], Path]
every_format = pytest.mark.parametrize("ending", FORMATS)


def good_rows() -> list[dict[str, Any]]:
    """Three prompts, two models."""
    return [
        {
            "prompt_id": f"q{i}",
            "model": model,
            "score": 0.5,
            "output_tokens": 3,
            "cost_usd": 0.25,
            "latency_s": 1.5,
        }
        for i in range(3)
        for model in ("a", "b")
    ]


def refused(path: Path, **options: Any) -> BadRowError:
    """The error with which a file is refused; it names the file."""
    with pytest.raises(BadRowError) as caught:
        read_trace(path, **options)
    assert caught.value.file == str(path)
    assert str(path) in str(caught.value)
    return caught.value


@every_format
@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("score", 1.5, "the score is outside [0, 1]"),
        ("score", -0.1, "the score is outside [0, 1]"),
        ("score", None, "the score is missing"),
        ("score", float("nan"), "the score is missing"),
        ("score", float("inf"), "is infinite"),
        ("output_tokens", -4, "output_tokens is negative"),
        ("cost_usd", -0.5, "cost_usd is negative"),
        ("latency_s", -1.0, "latency_s is negative"),
        ("latency_s", float("-inf"), "is infinite"),
        ("cost_usd", None, "cost_usd is missing in 1 of 3 rows of a"),
        ("cost_usd", float("nan"), "cost_usd is missing in 1 of 3 rows of a"),
        ("prompt_id", None, "the value is missing"),
        ("model", None, "the value is missing"),
    ],
)
def test_a_bad_value(
    write_table: Write, ending: str, column: str, value: float | None, problem: str
) -> None:
    rows = good_rows()
    rows[4][column] = value
    error = refused(write_table(f"t.{ending}", rows))
    assert (error.row, error.column) == (5, column)
    assert problem in str(error)
    assert "; " in str(error)  # and a remedy


@every_format
@pytest.mark.parametrize("column", ["score", "output_tokens", "latency_s"])
def test_text_where_a_number_belongs(write_table: Write, ending: str, column: str) -> None:
    rows = good_rows()
    rows[3][column] = "fast"
    error = refused(write_table(f"t.{ending}", rows))
    assert (error.row, error.column, error.value) == (4, column, "fast")
    assert "is not a number" in str(error)


@every_format
def test_a_pair_twice_names_both_rows(write_table: Write, ending: str) -> None:
    rows = [*good_rows(), good_rows()[2]]
    error = refused(write_table(f"t.{ending}", rows))
    assert (error.row, error.value) == (7, ("q1", "a"))
    assert "stands in row 3 already" in str(error)


@every_format
def test_a_missing_column_lists_what_exists_and_the_key(write_table: Write, ending: str) -> None:
    rows = [{"prompt_id": "q", "model": "a", "quality": 1.0}]
    path = write_table(f"t.{ending}", rows)
    with pytest.raises(DataError) as caught:
        read_trace(path)
    assert str(caught.value) == (
        f"{path}: there is no 'score' for the field 'score'; the columns are: "
        "prompt_id, model, quality; set columns.score to the one that holds it"
    )
    with pytest.raises(DataError, match=r"set columns.cost_usd"):
        read_trace(path, columns={"score": "quality", "cost_usd": "usd"})
    with pytest.raises(DataError, match=r"set columns.category"):
        read_trace(path, columns={"score": "quality", "category": "topic"})
    with pytest.raises(DataError, match=r"set columns.input_tokens"):
        read_trace(path, columns={"score": "quality", "input_tokens": "tok"})
    with pytest.raises(DataError, match="'logprob'"):
        read_trace(path, columns={"score": "quality"}, signals=["logprob"])


@every_format
def test_an_outcome_of_an_unknown_prompt(write_table: Write, ending: str) -> None:
    path = write_table(f"o.{ending}", good_rows())
    prompts = write_table(f"p.{ending}", [{"prompt_id": f"q{i}", "prompt": "?"} for i in (0, 2)])
    error = refused(path, prompts=prompts)
    assert (error.row, error.column, error.value) == (3, "prompt_id", "q1")
    assert f"is not in {prompts}" in str(error)


@every_format
def test_bad_prompts_tables(write_table: Write, ending: str) -> None:
    path = write_table(f"o.{ending}", good_rows())
    ids = ["q0", "q1", "q2", "q1"]
    twice = write_table(f"p.{ending}", [{"prompt_id": i, "prompt": "?"} for i in ids])
    with pytest.raises(BadRowError, match=r"row 4, column 'prompt_id': .* in row 2 already"):
        read_trace(path, twice)
    bare = write_table(f"bare.{ending}", [{"prompt_id": i, "question": "?"} for i in ids[:3]])
    with pytest.raises(DataError, match=r"prompt_id, question; set columns.prompt to"):
        read_trace(path, bare)
    assert read_trace(path, bare, columns={"prompt": "question"}).prompts == ("?", "?", "?")


@pytest.mark.parametrize("ending", ["parquet", "jsonl", "jsonl.gz"])
def test_a_prompt_without_text(write_table: Write, ending: str) -> None:
    path = write_table(f"o.{ending}", good_rows())
    texts = ["?", None, "!"]
    rows = [{"prompt_id": f"q{i}", "prompt": text} for i, text in enumerate(texts)]
    with pytest.raises(BadRowError, match="row 2, column 'prompt': the prompt is missing"):
        read_trace(path, write_table(f"p.{ending}", rows))


@every_format
def test_rows_that_describe_a_prompt_in_two_ways(write_table: Write, ending: str) -> None:
    rows = [{**row, "category": "x"} for row in good_rows()]
    rows[3]["category"] = "y"
    error = refused(write_table(f"t.{ending}", rows))
    assert (error.row, error.column, error.value) == (4, "category", "y")
    assert "another one in row 3" in str(error)


@every_format
def test_an_empty_file(write_table: Write, tmp_path: Path, ending: str) -> None:
    nothing = tmp_path / f"nothing.{ending}"
    nothing.write_bytes(gzip.compress(b"") if ending.endswith("gz") else b"")
    with pytest.raises(DataError, match=r"holds no rows|not a whole Parquet file"):
        read_trace(nothing)
    no_rows = tmp_path / f"header.{ending}"
    if ending == "parquet":
        import pyarrow as pa
        from pyarrow import parquet

        parquet.write_table(pa.table({"prompt_id": pa.array([], pa.string())}), no_rows)
    else:
        header = b"prompt_id,model,score\n" if "csv" in ending else b"\n"
        no_rows.write_bytes(gzip.compress(header) if ending.endswith("gz") else header)
    with pytest.raises(DataError, match="holds no rows"):
        read_trace(no_rows)


def test_no_file_and_no_known_kind(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such file"):
        read_trace(tmp_path / "absent.csv")
    with pytest.raises(DataError, match=r"must end in \.parquet"):
        read_trace(tmp_path / "t.xlsx")


@pytest.mark.parametrize("ending", ["parquet", "csv.gz", "jsonl.gz"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_a_binary_file_cut_off_anywhere(write_table: Write, ending: str, share: float) -> None:
    path = write_table(f"t.{ending}", good_rows() * 1)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(DataError, match=r"cut off.*copy or write it again"):
        read_trace(path)


@pytest.mark.parametrize("ending", ["parquet", "csv.gz", "jsonl.gz"])
def test_bytes_of_another_kind(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"t.{ending}"
    path.write_bytes(b"prompt_id,model,score\nq1,a,1\n" * 10)
    with pytest.raises(DataError, match="not a whole"):
        read_trace(path)


def test_damage_inside_a_gzip_file(write_table: Write) -> None:
    path = write_table("t.csv.gz", good_rows() * 1)
    data = bytearray(path.read_bytes())
    data[-6] ^= 0xFF  # the checksum
    path.write_bytes(bytes(data))
    with pytest.raises(DataError, match="not a whole gzip file"):
        read_trace(path)


def test_a_csv_with_a_short_last_row(write_table: Write) -> None:
    path = write_table("t.csv", good_rows())
    path.write_text(path.read_text().rstrip("\n").rsplit(",", 2)[0])
    error = refused(path)
    assert error.row == 6
    assert "4 fields where the header has 6" in str(error)
    assert "cut off" in str(error)


def test_a_csv_with_too_many_fields(write_table: Write) -> None:
    path = write_table("t.csv", good_rows())
    path.write_text(path.read_text() + "q9,a,1,1,1,1,1\n")
    error = refused(path)
    assert error.row == 7
    assert "quote fields that hold commas" in str(error)


def test_a_csv_cut_inside_a_quote(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('prompt_id,model,score,prompt\nq1,a,1,"What,\n')
    with pytest.raises(DataError, match="row 1: not a whole CSV row, the file may be cut off"):
        read_trace(path)


def test_a_csv_that_names_a_column_twice(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("prompt_id,model,score,score\nq1,a,1,0\n")
    with pytest.raises(DataError, match="names 'score' twice"):
        read_trace(path)


@pytest.mark.parametrize("lost", [1, 5, 30])
def test_a_jsonl_with_a_torn_last_line(write_table: Write, lost: int) -> None:
    path = write_table("t.jsonl", good_rows())
    path.write_text(path.read_text().rstrip("\n")[:-lost])
    with pytest.raises(DataError, match=r"row 6, column \d+ .*the file ends in the middle of it"):
        read_trace(path)


def test_a_jsonl_line_that_is_no_object(write_table: Write) -> None:
    path = write_table("t.jsonl", good_rows())
    path.write_text("[1, 2]\n" + path.read_text())
    with pytest.raises(DataError, match=r"row 1: '\[1, 2\]' is no JSON object"):
        read_trace(path)


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_text_that_is_not_utf8(write_table: Write, ending: str) -> None:
    path = write_table(f"t.{ending}", good_rows())
    path.write_bytes(path.read_bytes().replace(b"q1", b"\xe9"))
    with pytest.raises(DataError, match="not UTF-8"):
        read_trace(path)


@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
def test_a_list_is_neither_number_nor_text(write_table: Write, ending: str) -> None:
    rows: list[dict[str, Any]] = [{"prompt_id": "q", "model": "a", "score": [1.0]}]
    error = refused(write_table(f"t.{ending}", rows))
    assert (error.row, error.column, error.value) == (1, "score", [1.0])
    rows = [{"prompt_id": "q", "model": ["a"], "score": 1.0}]
    with pytest.raises(DataError, match="column 'model' holds list"):
        read_trace(write_table(f"u.{ending}", rows))


@every_format
def test_bad_wide_tables(write_table: Write, ending: str) -> None:
    def rows() -> list[dict[str, Any]]:
        return [
            {"prompt_id": f"q{i}", "a_score": 1.0, "b_score": 0.0, "b_cost_usd": 0.5}
            for i in range(3)
        ]

    bad = rows()
    bad[2]["b_score"] = 7
    error = refused(write_table(f"range.{ending}", bad), layout="wide")
    assert (error.row, error.column, error.value) == (3, "b_score", 7.0)

    bad = rows()
    bad[1]["b_score"] = None
    error = refused(write_table(f"orphan.{ending}", bad), layout="wide")
    assert (error.row, error.column) == (2, "b_score")
    assert "the score is missing where 'b_cost_usd' has a value" in str(error)

    bad = rows()
    bad[2]["prompt_id"] = "q0"
    error = refused(write_table(f"twice.{ending}", bad), layout="wide")
    assert (error.row, error.column, error.value) == (3, "prompt_id", "q0")
    assert "in row 1 already" in str(error)

    bad = rows()
    bad[1]["a_score"] = "good"
    error = refused(write_table(f"text.{ending}", bad), layout="wide")
    assert (error.row, error.column, error.value) == (2, "a_score", "good")

    bad = rows()
    bad[0]["b_cost_usd"] = None
    error = refused(write_table(f"torn.{ending}", bad), layout="wide")
    assert (error.row, error.column) == (1, "b_cost_usd")

    path = write_table(f"columns.{ending}", rows())
    with pytest.raises(DataError, match=r"set columns.latency_s"):
        read_trace(path, layout="wide", columns={"latency_s": "{arm}_time"})
    with pytest.raises(DataError, match=r"there is no '{arm}_acc' for the field 'score'"):
        read_trace(path, layout="wide", columns={"score": "{arm}_acc"})


@every_format
def test_the_row_is_that_of_the_file_behind_a_filter(write_table: Write, ending: str) -> None:
    rows = [{**row, "part": i // 2} for i, row in enumerate(good_rows())]
    rows[5]["score"] = 3
    error = refused(write_table(f"t.{ending}", rows), where={"part": 2})
    assert error.row == 6
