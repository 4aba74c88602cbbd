"""LLMPerf and RouterArena: JSON files of single requests."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from gairp.errors import BadRowError, DataError
from gairp.traces.converters import llmperf_latency, routerarena_sub10


def write(folder: Path, path: str, text: str) -> None:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def request(**changes: Any) -> dict[str, Any]:
    return {
        "error_code": None,
        "error_msg": "",
        "inter_token_latency_s": 0.01,
        "ttft_s": 0.2,
        "end_to_end_latency_s": 1.7,
        "request_output_throughput_token_per_s": 88.0,
        "number_total_tokens": 700,
        "number_output_tokens": 150,
        "number_input_tokens": 550,
    } | changes


def test_llmperf_takes_provider_and_size_from_the_file_name(tmp_path: Path) -> None:
    write(tmp_path, "raw_data/individual/quick_70b.json", json.dumps([request()]))
    failed = request(error_code=-100, ttft_s=0.0)
    write(tmp_path, "raw_data/individual/slow_7b.json", json.dumps([request(), failed]))
    table = llmperf_latency.convert(tmp_path)["requests"]
    assert table["provider"].tolist() == ["quick", "slow", "slow"]
    assert table["model"].tolist() == ["llama-2-70b-chat", "llama-2-7b-chat", "llama-2-7b-chat"]
    assert table["i"].tolist() == [0, 0, 1]
    assert table["e2e_s"].tolist() == [1.7] * 3
    assert [math.isnan(code) for code in table["error_code"]] == [True, True, False]


def test_llmperf_names_a_field_that_is_absent(tmp_path: Path) -> None:
    broken = request()
    del broken["ttft_s"]
    write(tmp_path, "raw_data/individual/a_7b.json", json.dumps([request(), broken]))
    with pytest.raises(BadRowError, match=r"a_7b.json, row 2, column 'ttft_s'"):
        llmperf_latency.convert(tmp_path)


def test_llmperf_refuses_a_file_that_was_cut_off(tmp_path: Path) -> None:
    write(tmp_path, "raw_data/individual/a_7b.json", json.dumps([request()])[:-9])
    with pytest.raises(DataError, match=r"a_7b.json is not valid JSON"):
        llmperf_latency.convert(tmp_path)


def answer(index: str, score: float) -> str:
    return json.dumps(
        {
            "global_index": index,
            "question": f"Question {index}",
            "token_usage": {"input_tokens": 30, "output_tokens": 4, "total_tokens": 34},
            "evaluation_result": {
                "ground_truth": 1,
                "score": score,
                "metric": "mcq_accuracy",
                "inference_cost": 1e-5,
            },
        }
    )


def test_routerarena_names_dataset_and_family(tmp_path: Path) -> None:
    for model, score in (("m1", 1), ("m2", 0.5)):
        lines = f"{answer('Open_Board Games_7', score)}\n{answer('GSM8K_12', 0)}\n"
        write(tmp_path, f"cached_results/{model}.jsonl", lines)
    write(tmp_path, "model_cost/cost.json", '{"m1": {"input_token_price_per_million": 1}}')
    tables = routerarena_sub10.convert(tmp_path)
    assert tables["outcomes"][["prompt_id", "dataset", "model", "score"]].values.tolist() == [
        ["routerarena/Open_Board Games_7", "Open_Board Games", "m1", 1.0],
        ["routerarena/GSM8K_12", "GSM8K", "m1", 0.0],
        ["routerarena/Open_Board Games_7", "Open_Board Games", "m2", 0.5],
        ["routerarena/GSM8K_12", "GSM8K", "m2", 0.0],
    ]
    assert tables["outcomes"]["cost_usd"].tolist() == [1e-5] * 4
    assert tables["prompts"]["family"].tolist() == ["Open", "GSM8K"]
    assert tables["prompts"]["answer"].tolist() == ["1", "1"]
    assert tables["cost"] == {"m1": {"input_token_price_per_million": 1}}


def test_routerarena_names_a_field_that_is_absent(tmp_path: Path) -> None:
    write(tmp_path, "cached_results/m1.jsonl", '{"global_index": "A_1", "question": "q"}\n')
    with pytest.raises(BadRowError, match=r"m1.jsonl, row 1, column 'token_usage'"):
        routerarena_sub10.convert(tmp_path)
