"""The committed recording is what its card says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from gairp.rewards.graders import get_grader
from gairp.runners.recording.figures import figures
from gairp.runners.recording.readme import BEGIN, COST_WEIGHT, END
from gairp.runners.recording.tables import OUTCOMES, PROMPTS
from gairp.runners.recording.worth import worth
from gairp.traces.tasks import generate_all

FOLDER = Path(__file__).resolve().parents[3] / "datasets" / "local_llm"
ARMS = {"smollm2_plain", "smollm2_4shot", "qwen_plain", "qwen_reason"}


@pytest.fixture(scope="module")
def outcomes() -> pd.DataFrame:
    return pd.read_parquet(FOLDER / "outcomes.parquet").astype({"category": str, "model": str})


@pytest.fixture(scope="module")
def prompts() -> pd.DataFrame:
    return pd.read_parquet(FOLDER / "prompts.parquet").set_index("prompt_id")


def test_every_prompt_has_every_arm(outcomes: pd.DataFrame, prompts: pd.DataFrame) -> None:
    assert {*PROMPTS} - {"prompt_id"} >= {*prompts.columns}
    assert len(prompts) >= 1_080
    assert outcomes.groupby("prompt_id")["model"].agg(set).map(ARMS.__eq__).all()
    assert len(outcomes) == len(ARMS) * len(prompts)


@pytest.mark.parametrize(("table", "kinds"), [("outcomes", OUTCOMES), ("prompts", PROMPTS)])
def test_columns_are_those_that_a_recording_writes(table: str, kinds: dict[str, str]) -> None:
    schema = pq.read_schema(FOLDER / f"{table}.parquet")
    assert schema.names == [name for name in kinds if name in schema.names]
    label = "dictionary<values=string, indices=int8, ordered=0>"
    known = {"label": label, "float": "float", "float64": "double", "strings": "list<item: string>"}
    for name in schema.names:
        kind = kinds[name]
        assert str(schema.field(name).type).replace("element", "item") == known.get(kind, kind)


def test_prompts_are_those_of_the_generators(prompts: pd.DataFrame) -> None:
    tasks = {task.id: task for task in generate_all(seed=7, per_family=66)}
    for row in prompts.itertuples():
        task = tasks[str(row.Index)]
        assert (row.prompt, row.answer, row.grader) == (task.prompt, task.answer, task.grader)


def test_scores_are_those_of_the_graders(outcomes: pd.DataFrame, prompts: pd.DataFrame) -> None:
    joined = outcomes.join(prompts[["answer", "grader"]], on="prompt_id")
    again = [
        get_grader(grader).score(final, answer)
        for grader, final, answer in zip(
            joined["grader"], joined["final"], joined["answer"], strict=True
        )
    ]
    assert joined["score"].tolist() == again


def test_costs_are_compute_at_the_machine_price(outcomes: pd.DataFrame) -> None:
    for prefix in ("", "agreement_", "verify_"):
        expected = outcomes[f"{prefix}compute_s"] * 0.05 / 3600
        np.testing.assert_allclose(outcomes[f"{prefix}cost_usd"], expected, rtol=1e-12)
        assert (outcomes[f"{prefix}compute_s"] > 0).all()


def test_times_and_signals_are_in_range(outcomes: pd.DataFrame) -> None:
    assert (outcomes["ttft_s"] <= outcomes["latency_s"]).all()
    assert outcomes["agreement"].between(0, 1).all()
    assert outcomes["verify_p_yes"].dropna().between(0, 1).all()
    assert (outcomes["logprob_min"].dropna() <= outcomes["logprob_mean"].dropna()).all()


def test_the_trace_is_worth_routing(outcomes: pd.DataFrame) -> None:
    found = worth(outcomes, cost_weight=COST_WEIGHT)
    assert found.quality_gap >= 0.08
    assert found.utility_gap >= 0.08
    assert found.largest_share <= 0.6


def test_the_card_shows_the_figures_of_the_table() -> None:
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    shown = card.partition(BEGIN)[2].partition(END)[0].strip()
    assert shown == figures(FOLDER, cost_weight=COST_WEIGHT)
