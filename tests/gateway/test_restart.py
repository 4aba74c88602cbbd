"""What outlives the process: learners, decisions that wait for feedback, versions."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gairp.errors import IntegrityError
from gairp.gateway.learners.snapshot import read_snapshot, snapshot_path
from tests.gateway.world import world


async def _teach(it: Any, count: int) -> list[str]:
    names = []
    for i in range(count):
        raw = await it.ask(messages=[{"role": "user", "content": f"question {i} of {i * i}"}])
        names.append(raw.headers["x-gairp-decision-id"])
        score = 1.0 if raw.headers["x-gairp-arm"] == "large" else 0.2
        if i % 3:
            await it.http.post("/v1/feedback", json={"decision_id": names[-1], "score": score})
    return names


@pytest.mark.parametrize("snapshot", [True, False], ids=["with_snapshot", "journal_alone"])
def test_a_killed_gateway_goes_on_where_it_stopped(tmp_path: Path, snapshot: bool) -> None:
    async def first() -> tuple[bytes, int, list[str]]:
        async with world(tmp_path, floor=0.2) as it:
            await _teach(it, 10)
            house = it.gateway.engine.house
            if snapshot:
                assert house.snapshot(house.find("auto"))
            names = await _teach(it, 10)
            policy = house.find("auto").policy
            house._saved.clear()
            house.snapshot = lambda served: False  # type: ignore[method-assign]  # as killed
            state = policy.save(), policy.state_version
            if not snapshot:
                snapshot_path(tmp_path / "snapshots", "auto@1").unlink()
            return *state, names

    async def second(names: list[str]) -> tuple[bytes, int, list[str]]:
        async with world(tmp_path, floor=0.2) as it:
            policy = it.gateway.engine.house.find("auto").policy
            state = policy.save(), policy.state_version
            told = []
            for name in (names[0], names[1], names[3]):
                body = {"decision_id": name, "thumb": "up"}
                told.append((await it.http.post("/v1/feedback", json=body)).json()["status"])
            return *state, told

    state, version, names = asyncio.run(first())
    again, version_again, told = asyncio.run(second(names))
    assert version == version_again == 12
    assert state == again
    assert told == ["learned", "duplicate", "learned"]


def test_a_damaged_snapshot_is_refused(tmp_path: Path) -> None:
    async def run() -> None:
        async with world(tmp_path) as it:
            await _teach(it, 4)

    asyncio.run(run())
    path = snapshot_path(tmp_path / "snapshots", "auto@1")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(IntegrityError, match="rebuilt from the journal"):
        read_snapshot(tmp_path / "snapshots", "auto@1")
