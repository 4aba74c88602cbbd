"""A gateway that keeps content, asked by clients, administered, killed."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gairp.admin import main
from gairp.errors import DataError
from gairp.gateway.audit.actions import verify_actions
from gairp.gateway.audit.chain import verify
from gairp.gateway.content.item import Content, Item
from gairp.gateway.content.keeper import ContentKeeper
from gairp.gateway.content.master_keys import MasterKeys
from gairp.gateway.content.settings import ContentSettings
from gairp.gateway.content.tables import CONTENTS
from gairp.gateway.content.vault import show_content
from gairp.gateway.database.store import open_store
from gairp.gateway.settings import GatewaySettings
from gairp.gateway.tenants.desk import Desk
from tests.conftest import ROOT
from tests.gateway.attack_world import AttackWorld, attack_world

KEYS = f"k1:{base64.b64encode(b'm' * 32).decode()}"
PROMPT = "a-thought-that-is-sealed"
HI = [{"role": "user", "content": PROMPT}]


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAIRP_CONTENT_KEYS", KEYS)


async def written(it: AttackWorld) -> None:
    """Until nothing waits."""
    content = it.gateway.content
    assert content is not None
    due = time.monotonic() + 10
    while content.waiting:
        assert time.monotonic() < due
        await asyncio.sleep(0.01)


def desk(home: Path) -> Desk:
    return Desk(open_store(f"sqlite:///{home}/ledger.db"), actor="tester")


def shown(home: Path, name: str) -> Content:
    return show_content(desk(home), MasterKeys.of(KEYS, where=""), name).content


async def _asked(it: AttackWorld) -> dict[str, Any]:
    """One of each kind."""
    found: dict[str, Any] = {"whole": await it.chat(messages=HI)}
    found["rival"] = await it.chat("rival", messages=HI)
    found["off"] = await it.chat(messages=HI, headers={"x-gairp-content": "Off"})
    it.spy.status, it.spy.error = 400, "the server's own words"
    found["refused"] = await it.chat(messages=HI)
    it.spy.status, it.spy.error = 200, ""
    await it.chat(messages=HI, model="nobody")
    await written(it)
    return found


def test_a_tenants_content_is_forgotten_and_the_audit_chain_still_holds(tmp_path: Path) -> None:
    async def work() -> dict[str, Any]:
        async with attack_world(tmp_path, content={}) as it:
            return await _asked(it)

    replies = asyncio.run(work())
    ids = {name: reply.headers["x-gairp-decision-id"] for name, reply in replies.items()}
    whole = shown(tmp_path, ids["whole"])
    assert json.loads(whole.prompt)["messages"] == HI
    assert whole.answer == replies["whole"].content
    assert (whole.operation, whole.status, whole.prompt_bytes) == ("chat", 200, len(whole.prompt))
    refused = shown(tmp_path, ids["refused"])
    assert refused.status == 400
    assert refused.answer == replies["refused"].content
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    told = next(line for line in lines if line["decision"] == ids["whole"])
    assert (told["prompt"], told["response"]) == (whole.prompt_hash, whole.answer_hash)
    with pytest.raises(DataError):
        shown(tmp_path, ids["off"])

    before = verify(tmp_path / "audit.jsonl")
    assert main(["content", "forget", "--tenant", "acme", "--home", str(tmp_path)]) == 0
    assert verify(tmp_path / "audit.jsonl") == before
    assert before.lines == 4
    for name in ("whole", "refused"):
        with pytest.raises(DataError, match="forgotten"):
            shown(tmp_path, ids[name])
    assert json.loads(shown(tmp_path, ids["rival"]).prompt)["messages"] == HI
    assert verify_actions(desk(tmp_path).engine).lines > 3
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert PROMPT.encode() not in kept
    assert b"the server's own words" not in kept


def test_streams_are_kept_as_they_were_sent_and_long_texts_are_cut(tmp_path: Path) -> None:
    from tests.gateway.world import world

    async def work() -> tuple[str, bytes, str]:
        content = {"largest": 300, "tenants": ["default"]}
        async with world(tmp_path, content=content) as it:
            async with it.http.stream(
                "POST", "/v1/chat/completions",
                json={"model": "small", "stream": True, "messages": HI},
            ) as reply:  # fmt: skip
                streamed = b"".join([piece async for piece in reply.aiter_bytes()])
                name = reply.headers["x-gairp-decision-id"]
            raw = await it.ask("small", messages=[{"role": "user", "content": "long " * 200}])
            return name, streamed, raw.headers["x-gairp-decision-id"]

    name, streamed, long = asyncio.run(work())
    kept = shown(tmp_path, name)
    assert streamed.endswith(b"data: [DONE]\n\n")
    assert kept.answer == streamed[:300]
    assert kept.answer_bytes == len(streamed) > 300
    cut = shown(tmp_path, long)
    assert len(cut.prompt) == 300
    assert cut.prompt_bytes > 1000
    assert cut.prompt.startswith(b'{"messages"') or b"long long" in cut.prompt


def test_only_the_tenants_that_are_named_are_kept(tmp_path: Path) -> None:
    async def work() -> None:
        async with attack_world(tmp_path, content={"tenants": ["rival"]}) as it:
            await it.chat("rival", messages=HI)
            await it.chat(messages=HI)

    asyncio.run(work())
    with desk(tmp_path).engine.connect() as connection:
        assert connection.execute(select(CONTENTS.c.tenant)).scalars().all() == ["rival"]


def test_administrators_see_it_over_http_and_tenants_do_not(tmp_path: Path) -> None:
    async def work() -> list[Any]:
        async with attack_world(tmp_path, content={}) as it:
            replies = await _asked(it)
            name = replies["whole"].headers["x-gairp-decision-id"]
            root, params = it.bearer("root"), {"decision": name}
            denied = await it.http.get("/admin/content", params=params, headers=it.bearer())
            seen = await it.http.get("/admin/content", params=params, headers=root)
            none = await it.http.post("/admin/content/purge", headers=root)
            gone = await it.http.delete("/admin/content?tenant=acme", headers=root)
            missing = await it.http.get("/admin/content", params=params, headers=root)
            all_ = await it.http.post("/admin/content/purge?older_than_days=0", headers=root)
            done = (await it.http.get("/admin/actions", headers=root)).json()
            metrics = (await it.http.get("/metrics")).text
            return [denied, seen, none, gone, missing, all_, done, metrics, name]

    denied, seen, none, gone, missing, all_, done, metrics, name = asyncio.run(work())
    assert denied.status_code == 403
    assert json.loads(seen.json()["prompt"])["messages"] == HI
    assert seen.json()["decision_id"] == name
    assert [reply.json() for reply in (none, gone, all_)] == [{"gone": 0}, {"gone": 2}, {"gone": 1}]
    assert missing.status_code == 404
    told = [(a["actor"], a["action"], a["target"]) for a in done][-4:]
    assert told == [
        ("key:root", "show content", name), ("key:root", "purge content", "all"),
        ("key:root", "forget content", "acme"), ("key:root", "purge content", "all"),
    ]  # fmt: skip
    assert "gairp_content_waiting_bytes 0.0" in metrics
    assert "gairp_content_dropped 0.0" in metrics


def test_the_command_line_shows_purges_and_rewraps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> str:
        async with attack_world(tmp_path, content={}) as it:
            return str((await _asked(it))["whole"].headers["x-gairp-decision-id"])

    name, home = asyncio.run(work()), ["--home", str(tmp_path)]
    assert main(["content", "show", name, *home]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["prompt"]["messages"] == HI
    assert told["tenant"] == "acme"
    two = f"k2:{base64.b64encode(b'n' * 32).decode()},{KEYS}"
    monkeypatch.setenv("GAIRP_CONTENT_KEYS", two)
    assert main(["content", "rewrap", *home]) == 0
    assert "2 keys are sealed with k2" in capsys.readouterr().out
    monkeypatch.setenv("GAIRP_CONTENT_KEYS", KEYS)
    assert main(["content", "show", name, *home]) == 2
    assert "sealed with the key 'k2', and there are: k1" in capsys.readouterr().err
    assert main(["content", "purge", "--older-than", "1d", *home]) == 0
    assert "content of 0 requests is gone" in capsys.readouterr().out
    assert main(["content", "purge", "--older-than", "0s", *home]) == 0
    assert "content of 3 requests is gone" in capsys.readouterr().out


class Away:
    """A database that fails so often, and then takes what it is given."""

    def __init__(self, failures: int) -> None:
        self.failures, self.taken = failures, list[str]()

    def put(self, items: Any) -> int:
        if self.failures:
            self.failures -= 1
            raise OSError("away")
        self.taken += [item.decision_id for item in items]
        return len(items)

    def purge(self) -> int:
        return 0


def item(number: int, size: int = 1000) -> Item:
    content = Content(
        operation="chat", status=200, prompt=b"p" * size, answer=b"", prompt_bytes=size,
        answer_bytes=0,
    )  # fmt: skip
    return Item(decision_id=f"d{number}", request_id="r", tenant="t", at=1.0, content=content)


def keeper(vault: Any, **more: Any) -> ContentKeeper:
    return ContentKeeper(vault, ContentSettings(**more), retry_s=0.01)


def waited(until: Callable[[], bool]) -> None:
    due = time.monotonic() + 10
    while not until():
        assert time.monotonic() < due
        time.sleep(0.02)


def test_what_waits_is_bounded_and_what_waited_is_written_in_order(
    caplog: pytest.LogCaptureFixture,
) -> None:
    vault = Away(3)
    kept = keeper(vault, waiting=10_000)
    for number in range(10):
        kept.keep(item(number))
    assert kept.waiting == 9000  # 1,000 bytes and 500 for the rest of each
    assert kept.dropped == 4
    kept.start()
    waited(lambda: kept.waiting == 0)
    kept.keep(item(99))
    kept.close()
    assert vault.taken == ["d0", "d1", "d2", "d3", "d4", "d5", "d99"]
    told = [record.getMessage() for record in caplog.records]
    assert [t for t in told if "dropped" in t] == [
        "content is dropped: too much of it waits for the database"
    ]
    assert any("stands still: away" in t for t in told)
    kept.keep(item(100))
    assert kept.dropped == 5


def test_content_needs_a_database_and_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GAIRP_CONTENT_KEYS")
    from contextlib import AsyncExitStack

    from gairp.errors import ConfigError
    from gairp.gateway.build import build_content

    base: dict[str, Any] = {"arms": {}, "backends": {}, "content": {}}
    with pytest.raises(ConfigError, match="ledger is null"):
        build_content(GatewaySettings.of(base), None, AsyncExitStack())
    store = open_store(f"sqlite:///{tmp_path}/ledger.db")
    with pytest.raises(ConfigError, match="GAIRP_CONTENT_KEYS is not set"):
        build_content(GatewaySettings.of(base), store, AsyncExitStack())


WRITER = """
import sys, time
from gairp.gateway.content.keeper import ContentKeeper
from gairp.gateway.content.master_keys import MasterKeys
from gairp.gateway.content.settings import ContentSettings
from gairp.gateway.content.vault import Vault
from gairp.gateway.database.store import open_store
from gairp.gateway.content.item import Content, Item
masters = MasterKeys.read("GAIRP_CONTENT_KEYS")
keeper = ContentKeeper(Vault(open_store(sys.argv[1]), masters, keep_s=1e12), ContentSettings())
keeper.start()
print("ready", flush=True)
for number in range(10**9):
    while keeper.waiting > 1_000_000:
        time.sleep(0.0005)
    content = Content(operation="chat", status=200, prompt=b"p" * 20_000, answer=b"",
                      prompt_bytes=20_000, answer_bytes=0)
    keeper.keep(Item(decision_id=f"d{number}", request_id="r", tenant="t", at=1.0,
                     content=content))
"""


def test_a_kill_leaves_whole_rows_that_all_open(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    store = open_store(url)
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, url], cwd=ROOT, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        waited(lambda: _rows(store) > 100)
        process.send_signal(signal.SIGKILL)
    with store.connect() as connection:
        names = connection.execute(select(CONTENTS.c.decision_id)).scalars().all()
    for name in names[::25]:
        found = show_content(Desk(store, actor="tester"), MasterKeys.of(KEYS, where=""), name)
        assert found.content.prompt == b"p" * 20_000
    assert len(names) > 100
    with store.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    store.dispose()


def _rows(store: Any) -> int:
    with store.connect() as connection:
        return len(connection.execute(select(CONTENTS.c.key_id)).all())
