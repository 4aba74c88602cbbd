"""Every policy's log is repeated bit for bit: late feedback, cascades, live runs, compaction."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gairp.errors import MissingDependencyError
from gairp.policies.base import BasePolicy
from gairp.policies.budget.costs import RidgeCosts
from gairp.records.compaction import compact
from gairp.records.events import Decided, Learned
from gairp.records.log import open_log
from gairp.runners.live.runner import LiveRunner
from gairp.runners.replay_log.runner import ReplayLogRunner
from gairp.types import Failure
from tests.contracts.policy_cases import Case, cases
from tests.runners.replay_log.world import COLD, logged

pytestmark = pytest.mark.filterwarnings("ignore")


def repeated(log: Path, tmp_path: Path, **settings: Any) -> list[dict[str, str]]:
    """The table of a repetition that found no difference."""
    path = ReplayLogRunner(log=log, out=tmp_path / "again", **settings).run()
    with path.open() as file:
        return list(csv.DictReader(file))


def config_of(case: Case) -> dict[str, Any]:
    arguments = {name: _plain(value) for name, value in case.arguments().items()}
    return {"_target_": f"{case.policy.__module__}.{case.policy.__qualname__}", **arguments}


def _plain(value: Any) -> Any:
    """A value as a configuration has it: what a policy is made of by class and arguments."""
    if isinstance(value, RidgeCosts):
        own = {"ridge": value.ridge, "minimum": value.minimum}
        return {"_target_": f"{type(value).__module__}.{type(value).__qualname__}", **own}
    if isinstance(value, BasePolicy):
        own = {k: _plain(v) for k, v in value.parameters().items() if k not in ("utility", "name")}
        return {"_target_": f"{type(value).__module__}.{type(value).__qualname__}", **own}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


PLAIN = [case for case in cases() if case.policy.__name__ != "ExplorationFloor"]
FLOORED = [case for case in PLAIN if case.label in ("linucb", "thompson", "knn", "vw_cover")]


@pytest.mark.parametrize(
    ("case", "floor"),
    [(case, 0.0) for case in PLAIN] + [(case, 0.2) for case in FLOORED],
    ids=lambda value: str(value or ""),
)
def test_every_policy_with_delayed_feedback(case: Case, floor: float, tmp_path: Path) -> None:
    try:
        assert case.build().restorable
    except MissingDependencyError as error:
        pytest.skip(str(error))
    log = logged(tmp_path, config_of(case), floor=floor)
    decided = [e for e in open_log(log) if isinstance(e, Decided)]
    # A cascade learns from the last attempt of a request, whatever else it asked.
    last = {e.request_id: e.decision_id for e in decided}
    learned = [e.decision_id for e in open_log(log) if isinstance(e, Learned)]
    assert sorted(last.values()) == sorted(learned)
    assert list(last.values()) != learned
    (row,) = repeated(log, tmp_path)
    assert {row[key] for key in row if key.startswith(("identical", "decisions"))} == {
        str(len(decided))
    }
    assert {row[key] for key in row if key.startswith("learned")} == {str(len(learned))}


@pytest.mark.parametrize("floor", [0.0, 0.2])
def test_a_cascade(floor: float, tmp_path: Path) -> None:
    config = {"_target_": "tests.runners.replay_log.cascades.Cascade", "alpha": 0.5}
    log = logged(tmp_path, config, floor=floor)
    kinds = Counter(e.kind for e in open_log(log) if isinstance(e, Decided))
    assert kinds["escalation"] > 50
    assert max(e.attempt for e in open_log(log) if isinstance(e, Decided)) == 2
    (row,) = repeated(log, tmp_path)
    assert row["identical decisions"] == row["decisions"] == str(kinds.total())


def test_a_policy_without_a_state_to_keep_that_starts_cold(tmp_path: Path) -> None:
    config = {"_target_": "tests.runners.replay_log.cascades.Forgetful"}
    (row,) = repeated(logged(tmp_path, config, protocol=COLD), tmp_path)
    assert row["identical decisions"] == row["decisions"]
    assert int(row["learned"]) > 100


def test_logs_of_a_study_compacted_or_not(tmp_path: Path) -> None:
    for seed in (1, 2):
        logged(tmp_path / "log", {"_target_": "gairp.policies.linucb.LinUCB"}, seed=seed)
    (tmp_path / "log" / "it-3.part").mkdir()
    rows = repeated(tmp_path / "log", tmp_path)
    assert [row["learner"] for row in rows] == ["it-1", "it-2"]
    for name in ("it-1", "it-2"):
        compact(tmp_path / "log" / name, tmp_path / "parquet" / name, batch=100)
    assert repeated(tmp_path / "parquet", tmp_path) == rows


def test_a_live_run_with_failures_fallbacks_and_shadows(
    run: Callable[..., LiveRunner], tmp_path: Path
) -> None:
    def fail(number: int) -> Failure | None:
        if number % 7 == 3:
            return Failure(kind="server", message="down", status=500)
        return Failure(kind="not_found", message="gone") if number % 11 == 5 else None

    run(
        "policy=[linucb,thompson,random]",
        "live.shadow_share=1",
        "live.feedback_delay_s=[0.0,0.05]",
        "live.breaker.failures=1000",
        fail=fail,
    )
    log = tmp_path / "out" / "log"
    kinds = Counter(e.kind for e in open_log(log) if isinstance(e, Decided))
    assert min(kinds["fallback"], kinds["shadow"]) > 2
    rows = repeated(log, tmp_path)
    assert sorted(row["learner"] for row in rows) == ["linucb-0", "random-0", "thompson-0"]
    assert sum(int(row["identical decisions"]) for row in rows) == (
        kinds["primary"] + kinds["fallback"]
    )
