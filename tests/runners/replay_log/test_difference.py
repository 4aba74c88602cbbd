"""A difference is found, and what cannot be repeated is refused with its reason."""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from gairp.errors import DataError, UnknownNameError
from gairp.records.events import Decided, Event, Opened, Settled, packed
from gairp.records.journal import Journal
from gairp.records.log import open_log
from gairp.runners.replay_log.runner import ReplayLogRunner
from tests.conftest import ROOT
from tests.runners.replay_log.world import COLD, DELAYED, changed, logged

LINUCB = {"_target_": "gairp.policies.linucb.LinUCB"}
CASCADE = {"_target_": "tests.runners.replay_log.cascades.Cascade"}
Change = Callable[[int, Event], Event | None]


def only(kind: type[Event], number: int, /, **fields: Any) -> Change:
    """Changes fields of the event of this kind with this number."""
    seen = -1

    def change(_: int, event: Event) -> Event:
        nonlocal seen
        seen += isinstance(event, kind)
        if isinstance(event, kind) and seen == number:
            return msgspec.structs.replace(event, **fields)
        return event

    return change


def run(log: Path, **settings: Any) -> Path:
    return ReplayLogRunner(log=log, out=log.parent / "again", **settings).run()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of LinUCB with a floor."""
    return logged(tmp_path, LINUCB, floor=0.1)


def test_one_propensity_in_its_last_bit(log: Path) -> None:
    tampered = changed(log, only(Decided, 20, propensity=math.nextafter(0.925, 1.0)))
    with pytest.raises(DataError) as caught:
        run(tampered)
    said = str(caught.value)
    assert said.startswith("1 of 1 learners differ; the first: it-7-changed, learner 'it-7', dec")
    assert "propensity is 0.9250000000000002 in the log, 0.925 now" in said
    with (log.parent / "again" / "identity.csv").open() as file:
        (row,) = csv.DictReader(file)
    total = int(row["decisions"])
    assert int(row["identical arms"]) == total
    assert int(row["identical propensities"]) == int(row["identical decisions"]) == total - 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"arm": "nobody"}, "arm is 'nobody' in the log"),
        ({"probabilities": (1.0, 0.0, 0.0, 0.0)}, "probabilities is "),
        ({"scores": (0.0, 0.0, 0.0, 0.0)}, "scores is "),
        ({"scores": None}, "scores is None in the log"),
        ({"state_version": 3}, "state_version is 3 in the log"),
        ({"policy_version": "2"}, "policy_version is '2' in the log, '' now"),
    ],
)
def test_whatever_differs_is_told(log: Path, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match="1 of 1 learners differ") as caught:
        run(changed(log, only(Decided, 9, **fields)))
    assert said in str(caught.value)


def test_other_feedback_shows_in_what_was_learned_from_it(log: Path) -> None:
    def flipped(number: int, event: Event) -> Event:
        quality = getattr(event, "quality", None)
        return event if quality is None else msgspec.structs.replace(event, quality=1.0 - quality)

    with pytest.raises(DataError, match=r"decision p\d+/0: (arm|scores|probabilities) is .* now"):
        run(changed(log, flipped))


def test_an_escalation_too_many_or_too_few(tmp_path: Path) -> None:
    log = logged(tmp_path / "cascade", CASCADE)
    with pytest.raises(DataError, match="an escalation in the log, none now"):
        run(changed(log, _faster))
    log = logged(tmp_path / "plain", LINUCB, protocol=COLD)
    with pytest.raises(DataError, match="the last one in the log, now an escalation to '"):
        run(changed(log, _cascading))


def _faster(number: int, event: Event) -> Event:
    if isinstance(event, Settled):
        return msgspec.structs.replace(event, latency_s=0.0, cost_usd=0.0)
    return event


def _cascading(number: int, event: Event) -> Event:
    if isinstance(event, Opened):
        document = json.dumps({**json.loads(event.config), "config": CASCADE})
        return msgspec.structs.replace(event, config=document, start_state=None)
    return event


# -- what cannot be repeated ------------------------------------------------------------------


def test_other_surroundings_are_refused_unless_allowed(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = {"version_numpy": "1.0", "architecture": "abacus", "version_nobody": "9"}
    other = changed(log, only(Opened, 0, facts=facts))
    with pytest.raises(DataError) as caught:
        run(other)
    said = str(caught.value)
    assert "learner 'it-7' cannot be repeated exactly here: numpy 1.0 in the log, " in said
    assert f"{np.__version__} here; architecture abacus in the log, " in said
    assert "allow=[architecture,numpy]" in said
    with pytest.raises(DataError, match="architecture abacus"):
        run(other, allow=["numpy"])
    run(other, allow=["numpy", "architecture"])
    out = capsys.readouterr().out
    assert f"allowed: numpy 1.0 in the log, {np.__version__} here" in out
    assert "identical, bit for bit" in out
    with pytest.raises(UnknownNameError, match="unknown difference in `allow` 'numpi'"):
        run(log, allow=["numpi"])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"schema": 0}, "schema 0 in the log, 1 here"),
        ({"policy_version": "2"}, "version '2' of the policy in the log, '' here"),
        ({"start_state": b"nonsense"}, "the state it began with cannot be taken up"),
        ({"config": "{}"}, "does not say how to rebuild the policy"),
        ({"config": "no json"}, "does not say how to rebuild the policy"),
    ],
)
def test_what_cannot_be_rebuilt_is_refused(log: Path, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match="learner 'it-7'") as caught:
        run(changed(log, only(Opened, 0, **fields)))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "config",
    [{"_target_": "nobody.knows.This"}, {"_target_": "gairp.policies.linucb.LinUCB", "beta": 1}],
)
def test_a_missing_class_or_argument_is_named(log: Path, config: dict[str, Any]) -> None:
    def other(number: int, event: Event) -> Event:
        if not isinstance(event, Opened):
            return event
        document = {**json.loads(event.config), "config": config}
        return msgspec.structs.replace(event, config=json.dumps(document))

    with pytest.raises(DataError, match=f"policy '{config['_target_']}' cannot be built here"):
        run(changed(log, other))


def test_a_state_that_was_never_kept_is_refused(tmp_path: Path) -> None:
    config = {"_target_": "tests.runners.replay_log.cascades.Forgetful"}
    with pytest.raises(DataError, match=r"had learned \d+ times before .* restorable=False"):
        run(logged(tmp_path, config, protocol=DELAYED))
    fitted = logged(tmp_path, {"_target_": "gairp.policies.knn.KNN", "k": 5})
    with pytest.raises(DataError, match=r"its policy cannot decide here .*fit"):
        run(changed(fitted, only(Opened, 0, start_state=None)))


def test_absent_features_are_refused(log: Path) -> None:
    bare = changed(log, only(Decided, 3, features=packed(np.empty(0))))
    with pytest.raises(DataError, match=r"cannot decide here .*choose a feature builder"):
        run(bare)


def test_a_kind_that_nobody_can_repeat(log: Path) -> None:
    with pytest.raises(DataError, match="a decision of kind 'hedge' cannot be repeated"):
        run(changed(log, only(Decided, 3, kind="hedge")))


def test_a_log_without_its_beginning(log: Path) -> None:
    with pytest.raises(DataError, match="learner 'it-7' decides and was not opened"):
        run(changed(log, lambda n, event: None if isinstance(event, Opened) else event))
    gone = "p100/0"

    def lost(number: int, event: Event) -> Event | None:
        return None if isinstance(event, Decided) and event.decision_id == gone else event

    lacking = changed(log, lost)
    with pytest.raises(DataError, match="decision 'p100/0', which it has not decided"):
        run(lacking)


def test_a_learner_that_was_opened_again(log: Path) -> None:
    head = next(iter(open_log(log)))
    assert isinstance(head, Opened)
    with Journal(log) as journal:
        journal.append(msgspec.structs.replace(head, start_state=None))
    run(log)
    with Journal(log) as journal:
        journal.append(msgspec.structs.replace(head, seed=8))
    with pytest.raises(DataError, match="opened again with another seed or configuration"):
        run(log)


def test_exit_code_2_and_one_line(log: Path, tmp_path: Path) -> None:
    def repeat(path: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "gairp.run", "+experiment=replay_log", f"log={path}",
             f"hydra.run.dir={tmp_path / 'hydra'}"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip

    well = repeat(log)
    assert (well.returncode, well.stderr) == (0, "")
    assert "identical, bit for bit: " in well.stdout
    done = repeat(changed(log, only(Decided, 20, propensity=0.5)))
    assert done.returncode == 2
    assert done.stderr.startswith("error: 1 of 1 learners differ")
