"""The examples of the documentation do what the pages say."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
import yaml

from docs.examples.boltzmann import Boltzmann
from docs.examples.hit_rate import hit_rates, hits
from docs.examples.ticket_log import convert
from gairp.errors import BadRowError, ConfigError
from gairp.rng import DecisionRng
from gairp.traces.adapters import read_trace
from gairp.traces.registry import catalogue
from gairp.tracking.reader import fetch_study
from tests.conftest import FinishedStudy
from tests.contracts import test_policy_contract, test_policy_learning, test_policy_regret
from tests.contracts.policy_cases import Case
from tests.contracts.policy_world import context, feedback, outcome

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"

Check = Callable[[Case], None]


def contract() -> list[Check]:
    """Every contract check of a stochastic learner that takes nothing but a case."""
    found: list[Check] = []
    for module in (test_policy_contract, test_policy_learning, test_policy_regret):
        for name, check in inspect.getmembers(module, inspect.isfunction):
            marks = getattr(check, "pytestmark", [])
            kinds = {k for mark in marks if mark.name == "kinds" for k in mark.args}
            takes = list(inspect.signature(check).parameters)
            if name.startswith("test_") and takes == ["case"] and kinds <= {"learner"}:
                found.append(check)
    return found


@pytest.mark.parametrize("check", contract(), ids=lambda check: check.__name__)
def test_the_policy_keeps_the_contract(check: Check) -> None:
    check(Case(Boltzmann, "boltzmann", dict))


def test_the_contract_was_found() -> None:
    assert len(contract()) > 15


def test_the_policy_draws_as_its_formula_says() -> None:
    policy = Boltzmann(temperature=0.5)
    at = context(0, arms=("tiny", "huge"))
    decision = policy.decide(at, DecisionRng(0, "r"))
    assert decision.probabilities == (0.5, 0.5)
    tiny = msgspec.structs.replace(decision, arm="tiny")
    for quality in (0.0, 0.5):
        policy.learn(at, tiny, outcome(at), feedback(tiny, quality))
    weights = np.exp([0.25 / 0.5, 1.0 / 0.5])
    assert policy.decide(at, DecisionRng(0, "r")).probabilities == pytest.approx(
        weights / weights.sum()
    )
    with pytest.raises(ConfigError, match="temperature > 0; got 0"):
        Boltzmann(temperature=0)


def test_the_table_is_read_as_mapped() -> None:
    mapping = yaml.safe_load((EXAMPLES / "conf" / "trace" / "tickets.yaml").read_text())
    columns, layout = mapping["columns"], mapping["layout"]
    trace = read_trace(EXAMPLES / "tickets.csv", columns=columns, layout=layout)
    assert trace.arms == ("large", "small")
    assert trace.prompt_ids == ("T-1", "T-2", "T-3")
    assert trace.score.tolist() == [[1.0, 1.0], [1.0, 0.0], [0.5, 0.5]]
    assert trace.quantities["cost_usd"][1].tolist() == [0.0015, 0.0001]
    assert trace.categories == ("account", "billing", "reports")


def test_the_new_policy_runs_on_the_new_table(finished_study: FinishedStudy) -> None:
    table = pd.read_csv(finished_study.report / "summary.csv", na_values="—", index_col="policy")
    rows = table.to_dict("index")
    assert rows["boltzmann"]["kind"] == "primary"
    assert rows["boltzmann"]["seeds"] == 2
    assert 0.3 < rows["boltzmann"]["quality"] < 1.0
    assert {"fixed:small", "fixed:coder", "fixed:large", "oracle"} <= set(rows)
    assert "boltzmann against the best fixed mix" in finished_study.output


def test_the_converter_makes_a_trace(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    log = tmp_path / "log" / "answers.jsonl"
    log.write_bytes((EXAMPLES / "answers.jsonl").read_bytes())
    for name, table in convert(tmp_path).items():
        table.to_parquet(tmp_path / f"{name}.parquet")
    trace = read_trace(tmp_path / "outcomes.parquet", tmp_path / "prompts.parquet")
    assert trace.arms == ("large", "small")
    assert trace.score.tolist() == [[1.0, 1.0], [0.9, 0.2]]
    assert trace.quantities["latency_s"].tolist() == [[1.9, 0.4], [2.3, 0.5]]
    log.write_text('{"ticket": "T-1"')
    with pytest.raises(BadRowError, match="not valid JSON"):
        convert(tmp_path)


def test_the_registry_takes_the_dataset() -> None:
    spec = catalogue.parse("ticket_log", (EXAMPLES / "ticket_log.yaml").read_text())
    assert spec.converter == convert.__module__
    assert set(spec.tables) == {"outcomes", "prompts"}
    assert spec.convertible


def test_hits_are_counted_against_the_best_arm() -> None:
    arms = np.array([[0.2, 0.9], [0.5, 0.5], [1.0, 0.0]])
    chosen = np.array([[0.9, 0.5, 0.0], [0.2, np.nan, 1.0]])
    expected = np.array([[1.0, 1.0, 0.0], [0.0, np.nan, 1.0]])
    assert np.array_equal(hits(chosen, arms), expected, equal_nan=True)


@pytest.mark.filterwarnings("ignore")
def test_the_metric_applies_to_a_finished_study(
    finished_study: FinishedStudy, tmp_path: Path
) -> None:
    folder = fetch_study("tickets", finished_study.uri, tmp_path)
    assert folder.parent.name == finished_study.run_id
    rates = hit_rates(folder, draws=50)
    assert set(rates) == {"random", "linucb", "boltzmann"}
    for rate in rates.values():
        assert 0.0 < rate.low <= rate.point <= rate.high < 1.0
