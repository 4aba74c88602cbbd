"""The short form of `make soak`, and whether it would notice."""

from __future__ import annotations

import sys

import msgspec
import pytest

from benchmarks.soak.account import account
from benchmarks.soak.books import Books, read_books
from benchmarks.soak.plan import plan
from benchmarks.soak.run import Options, Soak, Soaked
from benchmarks.soak.waits import Waits

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> tuple[Soaked, Books]:
    """A real gateway, killed once under load, before servers that fail."""
    options = Options(seconds=4.0, connections=16, kills=1, least=150)
    with Soak(options, tmp_path_factory.mktemp("soak")) as soak:
        soaked = soak.run()
        return soaked, read_books(soaked)


def test_nothing_is_lost_or_billed_twice(short: tuple[Soaked, Books]) -> None:
    soaked, books = short
    found = account(soaked, books)
    assert found.broken() == []
    told = found.summary()
    assert told.pop("answered") >= 300
    assert told.pop("failed_over") > 0
    assert 0 < told.pop("unknown") <= found.cut_off_most
    told.pop("refused")
    assert told == {"lost": 0, "billed_twice": 0, "ledger_minus_upstream": 0, "audit_ok": True}
    assert found.broken_off > 0
    assert len(soaked.in_flight) == len(soaked.down_s) == 1


def test_it_would_notice(short: tuple[Soaked, Books]) -> None:
    soaked, books = short
    name = next(n for n, e in books.settled.items() if e.error is None)
    without = {n: row for n, row in books.rows.items() if n != name}
    twice = msgspec.structs.replace(books.upstream[name], billed=2)
    more = msgspec.structs.replace(books.upstream[name], output_tokens=99)
    cases = {
        "lost": replaced(books, rows=without),
        "billed_twice": replaced(books, upstream={**books.upstream, name: twice}),
        "ledger_minus_upstream": replaced(books, upstream={**books.upstream, name: more}),
    }
    for key, changed in cases.items():
        found = account(soaked, changed)
        assert found.summary()[key] >= 1
        assert any(name in text for text in found.broken())
    more_cut = {f"req-x{i}/0.0": event for i, event in enumerate(list(books.called.values())[:99])}
    found = account(soaked, replaced(books, called={**books.called, **more_cut}))
    assert (
        f"{found.cut_off} attempts cut off, {found.cut_off_most} were in flight" in found.broken()
    )
    hedges = {name.replace("/", "+h/"): event for name, event in more_cut.items()}
    both = account(soaked, replaced(books, called={**books.called, **more_cut, **hedges}))
    assert both.cut_off - both.cut_off_most == found.cut_off - found.cut_off_most
    spoilt = account(soaked, replaced(books, audit_wrong="line 3: was altered"))
    assert spoilt.summary()["audit_ok"] is False
    assert spoilt.broken() == ["audit log: line 3: was altered"]


def replaced(books: Books, **changes: object) -> Books:
    return Books(**{**vars(books), **changes})


def test_the_plan_kills_as_often_as_told() -> None:
    events = plan(kills=3, postgres=True, redis=True)
    assert [e.at for e in events] == sorted(e.at for e in events)
    assert [e.at for e in events if e.what == "kill gateway"] == [0.25, 0.5, 0.75]
    stopped = [e.what for e in events if "PostgreSQL" in e.what or "Redis" in e.what]
    assert stopped == ["stop PostgreSQL", "start PostgreSQL", "stop Redis", "start Redis"]
    assert not any("Redis" in e.what for e in plan(kills=0, postgres=True, redis=False))


def test_waits_are_those_of_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    waited = {1: 0.0, 2: 5.0}
    monkeypatch.setattr("benchmarks.soak.waits._waited_s", lambda pid: waited[pid])
    waits = Waits(lambda: waited)
    for now, mine, its in ((0.0, 0.0, 5.0), (1.0, 0.25, 5.0), (2.0, 0.25, 5.5), (3.0, 0.25, 5.5)):
        waited.update({1: mine, 2: its})
        waits.sample(now)
    assert waits.between(0.0, 3.0) == 0.75
    assert waits.between(1.5, 1.6) == 0.5
    assert waits.between(2.0, 3.0) == 0.0
