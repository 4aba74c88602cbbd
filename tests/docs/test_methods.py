"""The page of methods: every policy has a row, and a report that appears fills it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from docs.generate import ROOT
from docs.methods import Result, section
from gairp.policies.learned.router import LearnedRouter
from tests.contracts.policy_cases import policy_classes, policy_files

KINDS = ("learned", "cascade", "budget", "online", "fixed")


def row(root: Path, name: str) -> str:
    """The row that names this option."""
    (found,) = [
        line
        for kind in KINDS
        for line in section(root, kind).splitlines()
        if f"`{name}`" in line[:80]
    ]
    return found


def test_every_option_is_in_one_table() -> None:
    text = "\n".join(section(ROOT, kind) for kind in KINDS)
    for name in policy_files():
        assert text.count(f"`{name}`") >= 1, name
    learned = section(ROOT, "learned").splitlines()[2:]
    assert len(learned) == len([c for c in policy_classes() if issubclass(c, LearnedRouter)])


def test_a_row_says_where_the_method_is_from_and_what_it_needs() -> None:
    found = row(ROOT, "matrix_factorisation")
    assert "Ong et al. 2024, *RouteLLM*" in found
    assert "| features, recorded outcomes |" in found
    assert "Agrawal & Goyal 2013" in row(ROOT, "lin_ts")
    assert "| features, feedback |" in row(ROOT, "linucb")
    assert "a policy to wrap" in row(ROOT, "request_cap")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout without any study's result."""
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    (tmp_path / "experiments").mkdir()
    (tmp_path / "docs").mkdir()
    return tmp_path


def test_a_report_that_appears_fills_in(root: Path) -> None:
    assert row(root, "cluster").endswith("| — | — |")
    folder = root / "experiments" / "plateau" / "report" / "mmlu_pro"
    folder.mkdir(parents=True)
    (folder / "summary.csv").write_text(
        "router,quality,gain,gain_low,gain_high,p_value\n"
        "cluster,0.7,0.0123,0.001,0.02,0.03\n"
        "knn,0.7,0.0123,0.001,0.02,0.3\n"
        "svm,0.7,-0.01,-0.02,-0.001,0.01\n"
    )
    (root / "docs" / "train_cost.csv").write_text("policy,seconds\ncluster,0.08\n")
    (root / "docs" / "optimum.csv").write_text("router,500,20000\ncluster,0.02,0.0029\n")
    assert row(root, "cluster").endswith(
        "| 0.08 | better: plateau/mmlu_pro +0.012; synthetic: 0.0029 short of the optimum |"
    )
    assert row(root, "knn").endswith("| no difference: plateau/mmlu_pro |")
    assert row(root, "svm").endswith("| worse: plateau/mmlu_pro -0.010 |")


def test_several_settings_of_one_study_are_counted(root: Path) -> None:
    folder = root / "experiments" / "budget_pacing" / "report"
    folder.mkdir(parents=True)
    method = "bandit feedback"
    (folder / "summary.csv").write_text(
        "method,budget_usd,gain,gain_low,gain_high,p_value\n"
        f"{method},0.1,0.02,0.01,0.03,0.01\n"
        f"{method},0.2,0.02,0.01,0.03,0.01\n"
        f"{method},0.3,0.00,-0.01,0.01,0.9\n"
    )
    found = row(root, "budget_pacer")
    assert "better: budget_pacing in 2 of 3; no difference: budget_pacing in 1 of 3" in found


@pytest.mark.parametrize(
    ("low", "high", "p_value", "verdict"),
    [
        (0.001, 0.2, 0.01, "gain"),
        (0.001, 0.2, 0.06, "tie"),
        (0.001, 0.2, None, "gain"),
        (-0.2, -0.001, 0.01, "loss"),
        (-0.1, 0.1, 0.01, "tie"),
    ],
)
def test_a_verdict_needs_interval_and_p_value(
    low: float, high: float, p_value: float | None, verdict: str
) -> None:
    assert Result("x", 0.0, low, high, p_value).verdict == verdict
