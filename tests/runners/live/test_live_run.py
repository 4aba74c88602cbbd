"""A whole live run on scripted backends: served, learned, logged, resumed, within its ceiling."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gairp.errors import ConfigError
from gairp.records.events import Called, Decided, Event, Graded, Learned, Observed, Settled
from gairp.records.journal import read_events
from gairp.routing.joiner import FeedbackJoiner
from gairp.routing.rebuild import Rebuilder
from gairp.runners.live.runner import LiveRunner
from gairp.runners.live.session import Session
from gairp.runners.replay.job import Job, Protocol, build_policy
from gairp.runners.replay_log.runner import ReplayLogRunner
from gairp.types import Failure
from tests.runners.live import conftest

pytestmark = pytest.mark.filterwarnings("ignore")
Run = Callable[..., LiveRunner]
COUNT = conftest.COUNT


def events(tmp_path: Path) -> list[Event]:
    return list(read_events(tmp_path / "out" / "log"))


def of(kind: type, tmp_path: Path, learner: str = "linucb-0") -> list[Any]:
    return [e for e in events(tmp_path) if isinstance(e, kind) and e.learner == learner]


def live_table(tmp_path: Path) -> dict[str, dict[str, str]]:
    with (tmp_path / "out" / "report" / "live.csv").open() as file:
        return {row["learner"]: row for row in csv.DictReader(file)}


def test_every_question_is_served_graded_and_learned_by_every_learner(
    run: Run, tmp_path: Path
) -> None:
    run()
    for learner in ("linucb-0", "random-0"):
        observed = of(Observed, tmp_path, learner)
        assert len(observed) == COUNT
        assert len({e.request_id for e in observed}) == COUNT
        assert len(of(Learned, tmp_path, learner)) == COUNT
    assert all(made.closed for made in conftest.MADE)


def test_the_bandit_finds_the_arm_that_answers(run: Run, tmp_path: Path) -> None:
    run("live.pacing.users=1")
    arms = [e.arm for e in of(Decided, tmp_path)]
    assert arms[COUNT // 2 :].count("good") >= 0.8 * (COUNT - COUNT // 2)
    table = live_table(tmp_path)
    assert float(table["linucb-0"]["quality"]) > float(table["random-0"]["quality"])


def test_shadows_complete_the_pool_and_the_usual_report_is_written(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("live.shadow_share=1")
    report = (tmp_path / "out" / "report" / "report.md").read_text()
    assert "oracle" in report
    assert (tmp_path / "out" / "report" / "figures" / "cost_quality.png").exists()
    printed = capsys.readouterr().out
    assert "linucb against the best fixed mix" in printed
    (row,) = (line for line in printed.splitlines() if line.startswith(" linucb-0 "))
    assert row.split()[1] == str(COUNT)
    assert "bad=" in row
    asked = {(e.tags["question"], e.arm) for e in events(tmp_path) if isinstance(e, Decided)}
    assert len(asked) == 2 * COUNT


def test_shadows_are_never_learned(run: Run, tmp_path: Path) -> None:
    run("live.shadow_share=0.5", "live.count=20")
    shadows = {
        e.decision_id for e in events(tmp_path) if isinstance(e, Decided) and e.kind == "shadow"
    }
    graded = {e.decision_id for e in events(tmp_path) if isinstance(e, Graded)}
    learned = {e.decision_id for e in events(tmp_path) if isinstance(e, Learned)}
    assert shadows
    assert shadows <= graded
    assert not shadows & learned


def test_sixteen_in_flight_with_late_feedback_rebuild_the_same_policy(
    run: Run, tmp_path: Path
) -> None:
    run("live.pacing.users=16", "live.feedback_delay_s=[0.0,0.05]", latency_s=0.01)
    learned = [e.decision_id for e in of(Learned, tmp_path)]
    decided = [e.decision_id for e in of(Decided, tmp_path) if e.kind == "primary"]
    assert learned != [d for d in decided if d in learned]  # out of order indeed
    policy = _fresh(tmp_path)
    rebuilder = Rebuilder(policy=policy, joiner=FeedbackJoiner(policy))
    for event in events(tmp_path):
        if event.learner != "linucb-0":
            continue
        if isinstance(event, Decided) and event.kind == "primary":
            assert _decides(policy, event) == (event.arm, event.probabilities, event.state_version)
        rebuilder.feed(event)


def test_a_dry_run_sends_nothing_and_says_the_worst_case(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("live.dry_run=true", "live.shadow_share=1")
    assert not (tmp_path / "out" / "log").exists()
    assert all(made.asked == [] for made in conftest.MADE)
    said = capsys.readouterr().out
    assert "worst case: 96 requests and 48 shadow calls" in said
    assert "ceiling: 0.100000 USD" in said


def test_a_stopped_run_goes_on_where_it_ended(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = Session._answered

    async def stopping(self: Session, *args: Any) -> None:
        await answered(self, *args)
        if len(of(Observed, tmp_path)) >= 10:
            self.stop.set()

    with monkeypatch.context() as patch:
        patch.setattr(Session, "_answered", stopping)
        run()
    before = len(of(Observed, tmp_path))
    assert 10 <= before < COUNT
    run()
    observed = of(Observed, tmp_path)
    assert len(observed) == COUNT
    assert len({e.request_id for e in observed}) == COUNT
    now = [e.now for e in of(Decided, tmp_path)]
    assert now == sorted(now)  # the run's clock went on


def test_a_log_of_other_settings_is_not_continued(run: Run) -> None:
    run()
    with pytest.raises(ConfigError, match="holds the log of a run with other settings"):
        run("live.params.temperature=0.7")


def test_an_answer_without_a_grade_is_graded_after_a_kill(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(*args: Any) -> float:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Session, "_grade", killed)
        with pytest.raises((KeyboardInterrupt, BaseExceptionGroup)):
            run("live.pacing.users=1")
    assert len(of(Observed, tmp_path, "random-0")) + len(of(Observed, tmp_path)) >= 1
    calls = sum(isinstance(e, Called) for e in events(tmp_path))
    run("live.pacing.users=1")
    assert len(of(Learned, tmp_path)) == COUNT
    assert sum(isinstance(e, Called) for e in events(tmp_path)) - calls == 2 * COUNT - calls


def test_the_ceiling_is_never_crossed_and_the_rest_is_refused(run: Run, tmp_path: Path) -> None:
    run("live.ceiling.usd=0.00003", "live.pacing.users=16", latency_s=0.005)
    billed = sum(e.cost_usd for e in events(tmp_path) if isinstance(e, Settled))
    assert 0 < billed <= 0.00003
    assert len(of(Observed, tmp_path)) < COUNT


def test_a_provider_that_overcharges_is_quarantined_and_reported(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(output_tokens=4000.0)
    assert "does it ignore max_tokens" in capsys.readouterr().out
    assert len([e for e in events(tmp_path) if isinstance(e, Settled)]) < 20


def test_failures_fall_back_and_cost_the_arm_its_standing(run: Run, tmp_path: Path) -> None:
    def fail(number: int) -> Failure | None:
        return Failure(kind="server", message="down", status=500) if number % 7 == 3 else None

    run("live.retry.calls=1", fail=fail)
    kinds = Counter(e.kind for e in of(Decided, tmp_path))
    assert kinds["fallback"] >= 3
    failures = [e for e in of(Learned, tmp_path) if e.source == "failure"]
    assert len(failures) >= 3
    assert all(e.quality == 0.0 for e in failures)


def test_a_cached_answer_costs_nothing_and_is_marked(run: Run, tmp_path: Path) -> None:
    cache = f"live.cache={tmp_path / 'cache.sqlite'}"
    run(cache, "live.pacing.users=1")
    first = sum(len(made.asked) for made in conftest.MADE)
    assert first <= 2 * COUNT
    run(cache, "live.pacing.users=1", f"log.folder={tmp_path / 'again'}", "seed=[1]")
    asked = sum(len(made.asked) for made in conftest.MADE) - first
    again = [e for e in read_events(tmp_path / "again") if isinstance(e, Settled)]
    cached = [e for e in again if e.billing == "cached"]
    assert len(again) == 2 * COUNT
    assert len(cached) == 2 * COUNT - asked > COUNT
    assert all(e.cost_usd == 0.0 for e in cached)


def test_content_is_kept_only_where_asked_for(run: Run, tmp_path: Path) -> None:
    run()
    assert all(e.content is None for e in of(Decided, tmp_path) + of(Settled, tmp_path))
    assert all(e.prompt_hash for e in of(Decided, tmp_path))
    assert not (tmp_path / "out" / "ungraded.jsonl").exists()


def test_content_where_it_is(run: Run, tmp_path: Path) -> None:
    run("log.content=true")
    assert all(e.content for e in of(Decided, tmp_path) + of(Settled, tmp_path))


def test_further_features_are_stored(run: Run, tmp_path: Path) -> None:
    run("+log.features.meta={_target_: gairp.features.Metadata}")
    vectors = [e.more_features["meta"] for e in of(Decided, tmp_path)]
    assert len({len(vector) for vector in vectors}) == 1
    assert len(vectors[0]) % 8 == 0
    log, challenger = tmp_path / "out" / "log", {"_target_": "gairp.policies.linucb.LinUCB"}
    for name in ("meta", ""):
        replay = ReplayLogRunner(
            log=log, out=tmp_path / "again", challengers={"other": challenger}, reads=name
        )
        with replay.run().open() as file:
            row = next(row for row in csv.DictReader(file) if row["learner"] == "linucb-0")
        assert row["decisions"] == str(COUNT)
        if not name:  # it reads what the learner read, and is the learner itself
            assert row["same arm"] == row["probability of the logged arm"] == "1.0000"


def test_a_policy_that_must_be_fitted_says_so(run: Run) -> None:
    with pytest.raises(ConfigError, match=r"'knn' must be fitted .* live\.warm_start=true"):
        run("policy=[knn]", "primary=knn")


def _fresh(tmp_path: Path) -> Any:
    from gairp.records.events import Opened

    head = of(Opened, tmp_path)[0]
    return build_policy(Job(**msgspec.json.decode(head.config), protocol=Protocol()))


def _decides(policy: Any, event: Decided) -> tuple[str, tuple[float, ...], int]:
    from gairp.rng import DecisionRng
    from gairp.routing.rebuild import context_of

    decision = policy.decide(context_of(event), DecisionRng(0, event.request_id, event.attempt))
    return decision.arm, decision.probabilities, decision.state_version
