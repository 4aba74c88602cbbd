from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gairp.errors import BadRowError
from gairp.traces.converters import paretobandit

LLAMA, MISTRAL, PRO, FLASH = "l/llama", "m/mistral", "g/pro", "g/flash"


def row(prompt: str, arms: dict[str, tuple[float, float]]) -> str:
    return json.dumps(
        {
            "prompt": prompt,
            "difficulty": "easy",
            "arms": {
                model: {"reward": reward, "cost": cost, "near_best": False}
                for model, (reward, cost) in arms.items()
            },
            "source": "mbpp",
        }
    )


def write(folder: Path, path: str, text: str) -> None:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def phase(reward: float) -> dict[str, Any]:
    shares = {"Llama": 0.25, "Mistral": 0.5, "Pro": 0.25}
    return {"mean_reward": reward, "mean_cost": 0.00012345678, "arm_fractions": shares}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    first = row("p1", {LLAMA: (0.4, 1e-5), PRO: (1.0, 2e-2)})
    second = row("p2", {LLAMA: (0.5, 1e-5), PRO: (0.9, 1e-2)})
    fuller = row("p2", {LLAMA: (0.5, 1e-5), PRO: (0.9, 1e-2), FLASH: (0.7, 1e-3)})
    for split in ("val", "test"):
        write(tmp_path, paretobandit.REWARDS.format(split=split), f"{first}\n{second}\n")
        write(tmp_path, paretobandit.REWARDS_K4.format(split=split), f"{fuller}\n")
    pacing = {"method": "pacer", "target_spend": 1e-4, "mean_reward": 0.9, "mean_cost": 9e-5}
    write(tmp_path, paretobandit.PACING, json.dumps({"results": [pacing]}))
    order = [LLAMA, MISTRAL, PRO]
    degradation = {
        "arm_order": order,
        "arm_short": dict(zip(order, ("Llama", "Mistral", "Pro"), strict=True)),
        "conditions": {"Naive": {f"phase{k}_summary": phase(k / 10) for k in (1, 2, 3)}},
    }
    write(tmp_path, paretobandit.DEGRADATION, json.dumps(degradation))
    measured = {"ttft_ms": {"raw": [100.0, 250.0]}, "total_ms": {"raw": [1000.0, 2000.0]}}
    write(tmp_path, paretobandit.LATENCY, json.dumps({"results": {LLAMA: {"short": measured}}}))
    return tmp_path


def test_the_fourth_model_joins_by_the_prompts_text(folder: Path) -> None:
    outcomes = paretobandit.convert(folder)["outcomes"]
    val = outcomes[outcomes["split"] == "val"]
    assert val[["prompt_id", "model", "score", "cost_usd"]].values.tolist() == [
        ["paretobandit/val/0", LLAMA, 0.4, 1e-5],
        ["paretobandit/val/0", PRO, 1.0, 2e-2],
        ["paretobandit/val/1", LLAMA, 0.5, 1e-5],
        ["paretobandit/val/1", PRO, 0.9, 1e-2],
        ["paretobandit/val/1", FLASH, 0.7, 1e-3],
    ]
    assert len(outcomes) == 10


def test_prompts_keep_order_category_and_split(folder: Path) -> None:
    prompts = paretobandit.convert(folder)["prompts"]
    assert prompts["prompt_id"].tolist() == [
        f"paretobandit/{split}/{i}" for split in ("val", "test") for i in (0, 1)
    ]
    assert prompts["prompt"].tolist() == ["p1", "p2", "p1", "p2"]
    assert set(prompts["category"]) == {"mbpp"}


def test_latency_is_in_seconds_and_results_are_carried_over(folder: Path) -> None:
    tables = paretobandit.convert(folder)
    assert tables["latency"][["trial", "ttft_s", "total_s"]].values.tolist() == [
        [0, 0.1, 1.0],
        [1, 0.25, 2.0],
    ]
    (pacing,) = tables["published_budget_pacing"].to_dict("records")
    assert (pacing["method"], pacing["target_spend"], pacing["model_id"]) == ("pacer", 1e-4, None)
    degradation = tables["published_quality_degradation"]
    assert degradation["mean_reward"].tolist() == [0.1, 0.2, 0.3]
    assert degradation["mean_cost"].tolist() == [0.0001235] * 3
    assert degradation["share_mistral"].tolist() == [0.5] * 3


def test_a_row_without_arms_is_refused(folder: Path) -> None:
    write(folder, paretobandit.REWARDS.format(split="val"), '{"prompt": "p", "source": "s"}\n')
    with pytest.raises(BadRowError, match=r"val.jsonl, row 1, column 'arms'"):
        paretobandit.convert(folder)
