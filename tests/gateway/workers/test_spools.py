"""From the workers' journals into the one journal: each event once, whenever it is killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from gairp.gateway.ledger.left_behind import LeftBehind
from gairp.gateway.workers.part import folder_of, worker_of
from gairp.gateway.workers.spools import Spools
from gairp.records.codec import encoded
from gairp.records.events import Event, Learned, Opened
from gairp.records.journal import Journal, read_events
from gairp.records.segment import segments
from tests.records.event_cases import settled


def _opened(**facts: str) -> Opened:
    return Opened(
        learner="auto@1", at=1.0, seed=0, policy="auto", policy_version="", config="{}", facts=facts
    )


def _call(worker: str, number: int) -> Event:
    name = f"req-w{worker}-1-{number:x}/0"
    return settled(number, learner="auto@1", decision_id=name, call_id=f"{name}.0")


def _write(home: Path, worker: str, events: list[Event], **more: int) -> None:
    with Journal(folder_of(home, worker) / "journal", **more) as journal:  # type: ignore[arg-type]
        for event in events:
            journal.append(event)


def _bytes(events: list[Event]) -> list[bytes]:
    """A NaN does not equal itself."""
    return [encoded(event) for event in events]


def _merge(home: Path, most: int, rounds: int = 1) -> list[Event]:
    """As the learner's process does, which may then be killed."""
    spools, taken = Spools(home), list[Event]()
    with Journal(home / "journal") as journal:
        for _ in range(rounds):
            batch = [event for _, event in spools.take(most)]
            journal.extend(batch)
            taken += batch
    spools.close()
    return taken


def test_what_was_merged_is_counted_in_the_journal_itself(tmp_path: Path) -> None:
    one = [_opened(worker="1"), *(_call("1", n) for n in range(5))]
    two = [_opened(worker="2"), *(_call("2", n) for n in range(3))]
    _write(tmp_path, "1", one)
    _write(tmp_path, "2", two)
    with Journal(tmp_path / "journal") as journal:  # the learner's own, which no worker wrote
        journal.append(_opened(workers="2"))
        journal.append(
            Learned(
                learner="auto@1", at=1.0, decision_id="req-w1-1-0/0", quality=1.0, source="failure",
                received_at=1.0,
            )
        )  # fmt: skip
    while _merge(tmp_path, 2):  # killed after every round
        pass
    merged = _bytes(list(read_events(tmp_path / "journal"))[2:])
    assert [e for e in merged if e in _bytes(one)] == _bytes(one)
    assert [e for e in merged if e in _bytes(two)] == _bytes(two)
    assert len(merged) == len(one) + len(two)


def test_a_checkpoint_removes_what_is_read_and_nothing_else(tmp_path: Path) -> None:
    events = [_call("1", n) for n in range(40)]
    _write(tmp_path, "1", events, segment_bytes=2048)
    journal = folder_of(tmp_path, "1") / "journal"
    before = len(segments(journal))
    assert before > 5
    taken = _merge(tmp_path, 20)
    spools = Spools(tmp_path)
    spools.checkpoint(seq=20)
    spools.close()
    assert 1 < len(segments(journal)) < before
    _write(tmp_path, "1", [_call("1", 40)], segment_bytes=2048)
    taken += _merge(tmp_path, 100)
    assert _bytes(taken) == _bytes([*events, _call("1", 40)])
    assert Spools(tmp_path).taken == {"1": 41}


def test_bytes_that_are_behind(tmp_path: Path) -> None:
    _write(tmp_path, "1", [_call("1", n) for n in range(10)])
    spools = Spools(tmp_path)
    assert spools.behind() == {}
    assert len(list(spools.take(4))) == 4
    assert spools.behind()["1"] > 0
    list(spools.take(100))
    assert spools.behind() == {"1": 0}
    spools.close()


@pytest.mark.parametrize(
    ("name", "worker"),
    [("req-w3-18f-1/0", "3"), ("req-w12-18f-1+h/0.1", "12"), ("req-18f-1/0", None), ("", None)],
)
def test_whose_a_decision_is(name: str, worker: str | None) -> None:
    assert worker_of(name) == worker


def test_whose_requests_were_cut_off() -> None:
    alone, worker, learner = (_opened(), _opened(worker="1"), _opened(workers="2"))
    names = ["req-18f-1/0", "req-w1-18f-1/0", "req-w2-18f-1/0", "req-w3-18f-1/0", "req-w12-1-1/0"]
    assert [LeftBehind.of(alone).has(name) for name in names] == [True] * 5
    assert [LeftBehind.of(worker).has(name) for name in names] == [False, True, False, False, False]
    assert [LeftBehind.of(learner).has(name) for name in names] == [True, False, False, True, True]
