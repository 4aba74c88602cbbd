"""Ledger and audit log follow the journal in a process of their own, whatever is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import func, select

from gairp.gateway.audit.chain import verify
from gairp.gateway.database.store import open_store
from gairp.gateway.feeds.plan import FeedPlan
from gairp.gateway.feeds.process import FeedProcess
from gairp.gateway.ledger.tables import ATTEMPTS
from tests.gateway.world import World, world


def rows(home: Path) -> int:
    """Settled attempts in the ledger."""
    store = open_store(f"sqlite:///{home}/ledger.db")
    try:
        with store.connect() as connection:
            query = select(func.count()).where(ATTEMPTS.c.state == "settled")
            return int(connection.execute(query).scalar_one())
    finally:
        store.dispose()


async def caught_up(a: World) -> None:
    """Until both feeds have all that is written."""
    due = time.monotonic() + 30
    while time.monotonic() < due:
        assert a.gateway.feeds is not None
        positions = a.gateway.feeds.positions
        seq = a.gateway.engine.house.ink.seq
        if len(positions) == 2 and min(positions.values()) == seq:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the feeds did not catch up")


def test_a_process_that_is_killed_is_started_anew_and_nothing_is_missing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asyncio.run(_killed(tmp_path))
    assert rows(tmp_path) == 8
    assert verify(tmp_path / "audit.jsonl").lines == 8
    assert "is started anew" in caplog.text


async def _killed(tmp_path: Path) -> None:
    async with world(tmp_path, feeds="process") as a:
        for _ in range(3):
            await a.ask()
        await caught_up(a)
        assert rows(tmp_path) == 3
        feeds = a.gateway.feeds
        assert isinstance(feeds, FeedProcess)
        os.kill(feeds.pid, signal.SIGKILL)
        for _ in range(4):
            await a.ask()
        await caught_up(a)
        assert rows(tmp_path) == 7
        metrics = (await a.http.get("/metrics")).text
        assert 'gairp_feed_lag{feed="LedgerFeed"} 0.0' in metrics
        await a.ask()  # is taken while the gateway goes down


def test_what_the_feeds_lack_is_taken_before_the_next_start(tmp_path: Path) -> None:
    asyncio.run(_late(tmp_path))
    assert verify(tmp_path / "audit.jsonl").lines == 3


async def _late(tmp_path: Path) -> None:
    async with world(tmp_path, ledger=None, audit=False) as a:
        for _ in range(3):
            await a.ask()
    async with world(tmp_path, feeds="process"):
        assert rows(tmp_path) == 3


def test_a_database_that_is_away_ends_the_process_with_a_line(tmp_path: Path) -> None:
    """While its standard input is open: the one who reads that must not be in the way."""
    nowhere = "postgresql://gairp@127.0.0.1:1/nowhere"
    plan = FeedPlan(home=str(tmp_path), ledger=nowhere, audit=False)
    process = subprocess.Popen(
        [sys.executable, "-m", "gairp.gateway.feeds"], stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    with process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(msgspec.json.encode(plan) + b"\n")
        process.stdin.flush()
        assert process.wait(60) == 2
        said = process.stderr.read().decode()
    assert " ERROR ledger and audit log: serving.ledger: the database" in said
    assert said.count("\n") == 1
    assert "Fatal Python error" not in said
