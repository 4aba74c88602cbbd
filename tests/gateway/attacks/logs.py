"""On logs and errors, and by them."""

from __future__ import annotations

from tests.gateway.attack_world import UPSTREAM_KEY, AttackWorld
from tests.gateway.attacks.listing import attack

LOGS = "logs and errors"


@attack(LOGS, "line ends and terminal escapes in model, user, session, metadata, paths, titles",
        "one line each in the logs, no control characters")  # fmt: skip
async def _(it: AttackWorld) -> str:
    evil = "x\nERROR root forged\r\n\x1b[2J"
    before = len(it.log.lines)
    await it.chat(model=evil)
    await it.chat(user=evil, metadata={"session": evil, evil: evil})
    await it.http.get("/v1/decisions/x%0AERROR%20forged%1b", headers=it.bearer())
    await it.http.get("/v1/%0AERROR%20forged", headers=it.bearer())
    await it.http.post("/admin/tenants", json={"id": "zzz", "title": evil},
                       headers=it.bearer("root"))  # fmt: skip
    bad = [line for line in it.log.lines[before:] if _control(line)]
    audit = (it.home / "audit.jsonl").read_text() if (it.home / "audit.jsonl").exists() else ""
    bad += [line for line in audit.splitlines() if not line.startswith("{")]
    return f"forged: {bad[:1]}" if bad else "one line each in the logs, no control characters"


@attack(LOGS, "a model server repeats our key, its own or the client's in an error",
        "hidden in the answer and in the logs")  # fmt: skip
async def _(it: AttackWorld) -> str:
    key = it.secrets["acme"]
    found = []
    for status in (400, 401, 403, 429, 500):
        it.spy.status, it.spy.error = status, f"bad key {UPSTREAM_KEY} from Bearer {key}"
        try:
            found.append((await it.chat(model="large")).text)
        finally:
            it.spy.status, it.spy.error = 200, ""
    text = "\n".join([*found, *it.log.lines])
    leaked = [s[:6] for s in (UPSTREAM_KEY, key) if s in text]
    return f"leaked {leaked}" if leaked else "hidden in the answer and in the logs"


@attack(LOGS, "secrets, hashes and content in /metrics, /openapi.json, decisions, the journal, the "
        "database, the audit log, the logs", "none")  # fmt: skip
async def _(it: AttackWorld) -> str:
    marker = "a-prompt-that-nobody-shall-keep"
    reply = await it.chat(messages=[{"role": "user", "content": marker}])
    decision = reply.headers["x-gairp-decision-id"]
    shown = [
        (await it.http.get(path, headers=it.bearer(who))).text
        for path, who in (("/metrics", "acme"), ("/openapi.json", "acme"), ("/docs", "acme"),
                          (f"/v1/decisions/{decision}", "acme"), ("/admin/keys", "root"),
                          ("/admin/actions", "root"), ("/admin/usage", "root"))
    ]  # fmt: skip
    files = [p.read_bytes() for p in it.home.rglob("*") if p.is_file()]
    text = "\n".join([*shown, *it.log.lines]).encode() + b"\n".join(files)
    wanted = {"key": it.secrets["acme"], "upstream key": UPSTREAM_KEY, "content": marker}
    return ", ".join(name for name, value in wanted.items() if value.encode() in text) or "none"


def _control(line: str) -> bool:
    return any(ord(letter) < 32 or ord(letter) == 127 for letter in line)
