"""What workers have in common: versions, sessions, tenants, and policies that outcomes change."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from gairp.errors import DataError
from gairp.records.events import Decided
from gairp.records.journal import Journal
from gairp.records.reading import read_events
from gairp.runners.replay_log.runner import ReplayLogRunner
from tests.gateway.test_follow import POLICIES, Shelf, shelf
from tests.gateway.workers.team import Member, team, until

__all__ = ["shelf"]


def _decided(home: Path) -> list[Decided]:
    return [event for event in read_events(home / "journal") if isinstance(event, Decided)]


def test_all_workers_swap_when_the_alias_moves(tmp_path: Path, shelf: Shelf) -> None:
    home = tmp_path / "home"

    async def run() -> None:
        async with team(home, policies=POLICIES, registry_every_s=0.02) as members:
            first = [(await it.ask()).headers["x-gairp-decision-id"] for it in members]
            for version in ("2", "1"):
                shelf.alias = version
                await until(lambda v=version: all(it.version() == v for it in members))
                for it in members:
                    for _ in range(4):
                        name = (await it.ask()).headers["x-gairp-decision-id"]
                        assert (await it.tell(name, 0.9)).json()["status"] == "learned"
            for it, name in zip(reversed(members), first, strict=True):
                assert (await it.tell(name, 0.9)).json()["status"] == "learned"

    asyncio.run(run())
    found = _decided(home)
    assert [event.learner for event in found].count("auto@2") == 8
    assert all(event.as_of is not None for event in found)
    ReplayLogRunner(log=home / "journal", out=tmp_path / "out").run()


def test_a_session_keeps_its_arm_at_every_worker(tmp_path: Path) -> None:
    home, rules = tmp_path / "home", tmp_path / "rules.yaml"
    rules.write_text("rules: [{name: keep, affinity: session, to: gairp/any}]")

    async def run() -> None:
        async with team(home, rules=str(rules)) as members:
            for session in range(6):
                headers = {"x-gairp-session": f"s{session}"}
                one = (await members[session % 2].ask(**headers)).headers["x-gairp-arm"]
                await asyncio.sleep(0.05)  # until the other has heard
                other = (await members[1 - session % 2].ask(**headers)).headers["x-gairp-arm"]
                assert one == other

    asyncio.run(run())
    found = _decided(home)
    assert sum(event.carried for event in found) == 6
    assert {event.tags["rule"] for event in found} == {"keep"}
    ReplayLogRunner(log=home / "journal", out=tmp_path / "out").run()


def test_another_tenant_is_told_nothing_by_another_worker(tmp_path: Path) -> None:
    keys = [
        {"id": name, "tenant": name, "sha256": sha256(_secret(name).encode()).hexdigest()}
        for name in ("acme", "zen")
    ]

    async def run() -> None:
        async with team(tmp_path / "home", keys=keys) as (one, two):
            answer = await one.ask(**_bearer("acme"))
            name = answer.headers["x-gairp-decision-id"]
            assert (await two.tell(name, 1.0, **_bearer("zen"))).status_code == 404
            assert (await _explained(two, name, "zen")) == 404
            assert (await _explained(two, name, "acme")) == 200
            assert (await two.tell(name, 1.0, **_bearer("acme"))).json()["status"] == "learned"

    asyncio.run(run())


def _secret(name: str) -> str:
    return f"a long enough secret of {name}"


def _bearer(name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {_secret(name)}"}


async def _explained(it: Member, decision: str, key: str) -> int:
    return (await it.http.get(f"/v1/decisions/{decision}", headers=_bearer(key))).status_code


def test_outcomes_alone_change_copies_too(tmp_path: Path) -> None:
    """A policy that watches what it spends gets no feedback, and its copies are renewed."""
    home = tmp_path / "home"
    spending = {
        "_target_": "gairp.policies.budget.target_cost.TargetCost", "target_usd": 1e-9,
        "policy": {"_target_": "gairp.policies.linucb.LinUCB"}, "step": 0.5,
    }  # fmt: skip

    async def run() -> None:
        async with team(home, policies={"auto": spending}, durability="power") as members:
            for i in range(10):
                await members[i % 2].ask()
                await asyncio.sleep(0.05)

    asyncio.run(run())
    found = _decided(home)
    assert {event.state_version for event in found} == {0}
    assert len({event.as_of for event in found}) > 3
    ReplayLogRunner(log=home / "journal", out=tmp_path / "out").run()


def test_a_copy_that_is_behind_is_repeated_as_it_was(tmp_path: Path) -> None:
    """And not as the learner stood: without `as_of` the same log does not repeat."""
    home = tmp_path / "home"

    async def run() -> None:
        async with team(home, publish={"learns": 1000, "after_s": 1000.0}) as members:
            for i in range(6):
                name = (await members[i % 2].ask()).headers["x-gairp-decision-id"]
                await members[i % 2].tell(name, 1.0)

    asyncio.run(run())
    found = [event for event in _decided(home) if event.learner == "auto@1"]
    assert {event.state_version for event in found} == {0}
    assert len({event.as_of for event in found}) == 1
    ReplayLogRunner(log=home / "journal", out=tmp_path / "out").run()
    with Journal(tmp_path / "other") as other:
        for event in read_events(home / "journal"):
            if isinstance(event, Decided):
                event = msgspec.structs.replace(event, as_of=None)
            other.append(event)
    with pytest.raises(DataError, match="learners differ"):
        ReplayLogRunner(log=tmp_path / "other", out=tmp_path / "out").run()
