"""Azure, Mooncake and ServeGen: traces of arrivals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gairp.errors import BadRowError, DataError
from gairp.traces.converters import azure_llm_2023, mooncake_fast25, servegen


def write(folder: Path, path: str, text: str) -> None:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens\n"


def test_azure_counts_seconds_from_the_first_request_in_order_of_time(tmp_path: Path) -> None:
    write(
        tmp_path,
        azure_llm_2023.FILES["code"],
        AZURE + "2023-11-16 23:59:59.9000001,10,1\n2023-11-16 23:59:58.4000001,20,2\n"
        "2023-11-17 00:00:00.9000014,30,3\n",
    )
    write(tmp_path, azure_llm_2023.FILES["conv"], AZURE + "2023-11-16 18:00:00,5,6\n")
    tables = azure_llm_2023.convert(tmp_path)
    assert tables["code"].values.tolist() == [[0.0, 20, 2], [1.5, 10, 1], [2.500001, 30, 3]]
    assert tables["conv"].values.tolist() == [[0.0, 5, 6]]


def test_azure_refuses_a_stamp_that_is_none(tmp_path: Path) -> None:
    write(tmp_path, azure_llm_2023.FILES["code"], AZURE + "yesterday,1,1\n")
    with pytest.raises(DataError, match=r"_code.csv, column 'TIMESTAMP'"):
        azure_llm_2023.convert(tmp_path)


def test_mooncake_renames_and_keeps_the_hashes(tmp_path: Path) -> None:
    lines = [
        {"timestamp": 0, "input_length": 600, "output_length": 5, "hash_ids": [0, 1]},
        {"timestamp": 40, "input_length": 700, "output_length": 6, "hash_ids": [0, 2]},
    ]
    for name in mooncake_fast25.TRACES:
        text = "\n".join(json.dumps(line) for line in lines) + "\n"
        write(tmp_path, f"FAST25-release/traces/{name}_trace.jsonl", text)
    table = mooncake_fast25.convert(tmp_path)["conversation"]
    assert list(table.columns) == ["t_ms", "input_tokens", "output_tokens", "hash_ids"]
    assert table.values.tolist() == [[0, 600, 5, [0, 1]], [40, 700, 6, [0, 2]]]


def test_mooncake_names_the_line_that_was_cut_off(tmp_path: Path) -> None:
    write(tmp_path, "FAST25-release/traces/conversation_trace.jsonl", '{"timestamp": 0, "inp')
    with pytest.raises(BadRowError, match=r"conversation_trace.jsonl, row 1.*not valid JSON"):
        mooncake_fast25.convert(tmp_path)


@pytest.fixture
def clients(tmp_path: Path) -> Path:
    base = "data/language/m-small/chunk-"
    write(
        tmp_path,
        base + "0-trace.csv",
        "0,1.5,2.0,Gamma,0.5,3.0\n600,0,0,,0,0\n1200,2,1,Weibull,1,1\n",
    )
    write(tmp_path, base + "7-trace.csv", "1200,0.5,1.0,Gamma,0.5,3.0\n")
    windows = {
        "0": {"input_tokens": "{10: 0.25, 2: 0.75}", "output_tokens": "{5: 1.0}"},
        "21600": {"input_tokens": "{}", "output_tokens": "{}"},
    }
    write(tmp_path, base + "0-dataset.json", json.dumps(windows))
    return tmp_path


def test_servegen_leaves_out_windows_without_requests(clients: Path) -> None:
    tables = servegen.convert(clients)
    rates = tables["client_rates"]
    assert rates[["client", "t_s", "rate", "pattern"]].values.tolist() == [
        [0, 0, 1.5, "Gamma"],
        [0, 1200, 2.0, "Weibull"],
        [7, 1200, 0.5, "Gamma"],
    ]
    assert tables["aggregate_rate_10min"][
        ["t_s", "rate_rps", "active_clients"]
    ].values.tolist() == [
        [0.0, 1.5, 1.0],
        [1200.0, 2.5, 2.0],
    ]


def test_servegen_reduces_histograms(clients: Path) -> None:
    (row,) = servegen.convert(clients)["client_token_stats"].to_dict("records")
    assert (row["category"], row["model"], row["client"], row["t_s"]) == (
        "language",
        "m-small",
        0,
        0,
    )
    names = ("mean", "p10", "p50", "p90", "p99")
    assert [row[f"input_tokens_{name}"] for name in names] == [4.0, 2.0, 2.0, 10.0, 10.0]
    assert [row[f"output_tokens_{name}"] for name in names] == [5.0] * 5
    assert np.isnan(row["reason_ratio_mean"])


def test_servegen_refuses_a_broken_histogram() -> None:
    with pytest.raises(DataError, match=r"chunk-0, window 0 is no histogram.*'\{1: 0.5, 2'"):
        servegen.histogram("{1: 0.5, 2", "chunk-0, window 0")
