"""The gateway's log as JSON: every event is known, and nothing secret is in it."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

from gairp.backends.openai.secret import Secrets
from gairp.gateway.log_events import LOG_EVENTS
from gairp.telemetry.logs import LogSettings, configure
from tests.conftest import ROOT
from tests.gateway.attack_world import ADMIN, UPSTREAM_KEY, AttackWorld, attack_world
from tests.gateway.world import world

CONTENT = "a-prompt-that-nobody-shall-log"
ACCESS = {"request", "operation", "status", "seconds", "tenant", "key", "decision", "arm", "calls"}


@contextmanager
def told(settings: LogSettings) -> Iterator[StringIO]:
    """What is logged meanwhile."""
    said, root, ours = StringIO(), logging.getLogger(), logging.getLogger("gairp")
    before = root.handlers[:], root.level, ours.level
    root.handlers = []
    configure(settings, scrub=Secrets([]).scrub, to=said)
    try:
        yield said
    finally:
        logging.captureWarnings(False)
        root.handlers = before[0]
        root.setLevel(before[1])
        ours.setLevel(before[2])


def parsed(said: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.getvalue().splitlines()]


async def everywhere(it: AttackWorld) -> None:
    """Secrets and content in every place that a client or a server can write to."""
    secret = it.secrets["acme"]
    evil = f"{CONTENT} Bearer {secret}\n{UPSTREAM_KEY} {ADMIN}"
    hi = [{"role": "user", "content": evil}]
    await it.chat(messages=hi, user=evil, metadata={"session": evil, "other": evil})
    await it.chat(messages=hi, stream=True)
    await it.chat(messages=hi, model=evil)
    await it.chat(messages=hi, headers={"x-gairp-session": secret, "cookie": secret})
    await it.http.post("/v1/chat/completions", content=evil.encode(), headers=it.bearer())
    await it.http.post("/v1/chat/completions", json={"messages": hi, "model": "small"},
                       headers={"authorization": f"Bearer {secret}x"})  # fmt: skip
    await it.http.get(f"/v1/decisions/{secret}?key={secret}", headers=it.bearer())
    await it.http.post("/admin/tenants", json={"id": CONTENT, "title": secret},
                       headers=it.bearer("root"))  # fmt: skip
    for status in (200, 400, 500):
        it.spy.status, it.spy.error = status, evil
        await it.chat(messages=hi)
    it.spy.status, it.spy.error = 200, ""

    def broken(*_: Any) -> Any:
        raise ValueError(evil)

    it.gateway.direct = broken
    assert (await it.chat(messages=hi)).status_code == 500


def test_secrets_and_content_are_in_no_line(tmp_path: Path) -> None:
    async def work() -> list[str]:
        async with attack_world(tmp_path, log={"access": True}) as it:
            await everywhere(it)
            return [*it.secrets.values(), UPSTREAM_KEY, ADMIN, CONTENT]

    with told(LogSettings(format="json", level="debug", access=True)) as said:
        secrets = asyncio.run(work())
    lines = parsed(said)
    assert [s for s in secrets if s in said.getvalue()] == []
    assert {line["event"] for line in lines} >= {"gateway.request", "gateway.failed"}
    assert {line["event"] for line in lines} <= set(LOG_EVENTS)
    access = [line for line in lines if line["event"] == "gateway.request"]
    assert [line["status"] for line in access][-1] == 500
    own = {"at", "level", "event", "logger", "message"}
    assert {frozenset(line) - own for line in access} == {frozenset(ACCESS)}
    fault = next(line for line in lines if line["event"] == "gateway.failed")
    assert fault["error"]["type"] == "ValueError"
    assert fault["request"] == access[-1]["request"]


def test_a_request_is_a_line_of_names_and_numbers(tmp_path: Path) -> None:
    async def work() -> Any:
        async with world(tmp_path, log={"access": True}) as it:
            return (await it.ask("small")).headers

    with told(LogSettings(format="json", access=True)) as said:
        headers = asyncio.run(work())
    (line,) = [line for line in parsed(said) if line["event"] == "gateway.request"]
    assert {name: line[name] for name in ACCESS - {"seconds"}} == {
        "request": headers["x-request-id"], "operation": "chat", "status": 200,
        "tenant": "default", "key": "none", "decision": headers["x-gairp-decision-id"],
        "arm": "small", "calls": 1,
    }  # fmt: skip
    assert 0 < line["seconds"] < 5


def test_nobody_watches_where_nobody_asked_for_it(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path) as it:
            assert it.gateway.watcher is None
            await it.ask()

    with told(LogSettings(format="json", level="info")) as said:
        asyncio.run(work())
    assert [line["event"] for line in parsed(said)] == ["gateway.stopping", "gateway.stopped"]


def test_a_model_that_fails_is_told_once_and_told_when_it_is_back(tmp_path: Path) -> None:
    faults = [{"kind": "status_500", "when": "first 3", "model": "small"}]

    async def work() -> None:
        breaker = {"failures": 3, "window_s": 30.0, "cooldown_s": 0.01, "max_cooldown_s": 0.01}
        async with world(tmp_path, breaker=breaker, retry={"calls": 1}, faults=faults) as it:
            for _ in range(3):
                reply = await it.http.post(
                    "/v1/chat/completions",
                    json={"model": "small", "messages": [{"role": "user", "content": "hi"}]},
                )
                assert reply.status_code == 502
            await asyncio.sleep(0.02)
            await it.ask("small")

    with told(LogSettings(format="json", level="warning")) as said:
        asyncio.run(work())
    lines = [(line["event"], line["model"], line.get("cause")) for line in parsed(said)]
    assert lines == [("breaker.opened", "small", "server"), ("breaker.closed", "small", None)]


def test_a_gateway_of_its_own_says_when_it_starts_and_ends(tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "gairp.serve", "serving=url", "serving.port=0",
        "serving.log.format=json",
        f"serving.home={tmp_path}/home", f"hydra.run.dir={tmp_path}", "serving.feeds=thread",
        "serving.utility.cost_weight=0",
    ]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        lines = [process.stderr.readline()]
        process.send_signal(signal.SIGTERM)
        lines += process.stderr.readlines()
    assert process.returncode in (0, -signal.SIGTERM)
    told = [json.loads(line) for line in lines]
    events = [line["event"] for line in told]
    assert events == ["gateway.started", "gateway.stopping", "gateway.stopped"]
    assert told[0]["arms"] == "first"
    assert told[0]["policies"] == "auto, random"


def test_events_are_listed_and_listed_events_are_logged() -> None:
    source = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "gairp").rglob("*.py")
    )  # fmt: skip
    logged = set(re.findall(r'note\(\s*_LOG,\s*logging\.\w+,\s*"([\w.]+)"', source))
    assert logged == set(LOG_EVENTS) - {"log"}
