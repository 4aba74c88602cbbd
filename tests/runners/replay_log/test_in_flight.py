"""Sixteen requests in flight, feedback out of order: the log is repeated bit for bit."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from gairp.records.events import Decided, Event, Learned, Observed
from gairp.records.log import open_log
from gairp.runners.live.runner import LiveRunner
from gairp.types import Failure
from tests.conftest import ROOT
from tests.runners.live.conftest import COUNT

pytestmark = pytest.mark.filterwarnings("ignore")
LEARNERS = ("epsilon_greedy", "lin_ts", "linucb", "thompson", "vw_epsilon")
FLYING = 16


def most_in_flight(events: list[Event]) -> int:
    """Requests that were decided and had no outcome yet."""
    flying, most = 0, 0
    for event in events:
        flying += isinstance(event, Decided) and event.kind == "primary"
        flying -= isinstance(event, Observed)
        most = max(most, flying)
    return most


def inversions(learner: str, events: list[Event]) -> int:
    """How often feedback came that another decision's, made later, had come before."""
    order = [e.decision_id for e in events if isinstance(e, Decided) and e.learner == learner]
    place = {decision: at for at, decision in enumerate(order)}
    came = [place[e.decision_id] for e in events if isinstance(e, Learned) and e.learner == learner]
    return sum(later < earlier for earlier, later in pairwise(came))


def repeat(log: Path, out: Path) -> list[dict[str, str]]:
    """The table of the command, which found no difference."""
    command = [
        sys.executable, "-m", "gairp.run", "+experiment=replay_log", f"log={log}", f"out={out}",
        f"hydra.run.dir={out}/hydra",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with (out / "identity.csv").open() as file:
        return list(csv.DictReader(file))


def test_live_and_replay_agree_for_every_kind_of_learner(
    run: Callable[..., LiveRunner], tmp_path: Path
) -> None:
    pytest.importorskip("vowpal_wabbit_next")

    def fail(number: int) -> Failure | None:
        return Failure(kind="server", message="x", status=500) if number % 9 == 4 else None

    run(
        f"policy=[{','.join(LEARNERS)}]",
        "live.pacing.users=16",
        "live.limits.default=16",
        "live.retry.calls=1",
        "live.breaker.failures=1000",
        "live.feedback_delay_s=[0.0,0.03]",
        "live.grader._target_=tests.runners.replay_log.slow_grader.SlowGrader",
        "+live.grader.most_s=0.03",
        latency_s=0.01,
        fail=fail,
    )
    log = tmp_path / "out" / "log"
    events = list(open_log(log))
    assert most_in_flight(events) == FLYING
    rows = repeat(log, tmp_path / "again")
    assert [row["learner"] for row in rows] == [f"{name}-0" for name in LEARNERS]
    for row in rows:
        made = sum(isinstance(e, Decided) and e.learner == row["learner"] for e in events)
        taught = sum(isinstance(e, Learned) and e.learner == row["learner"] for e in events)
        assert inversions(row["learner"], events) >= 5
        assert made > COUNT  # with fallbacks
        assert COUNT <= taught <= made
        same = {row[f"identical {what}"] for what in ("arms", "propensities", "decisions")}
        assert (same, row["decisions"], row["learned"]) == ({str(made)}, str(made), str(taught))
