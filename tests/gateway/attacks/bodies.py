"""By bodies."""

from __future__ import annotations

import gzip
import json
from typing import Any

from gairp.gateway.exchange.peek import peek
from tests.gateway.attack_world import LARGEST, LINES, AttackWorld, told
from tests.gateway.attacks.listing import attack, same

BODIES = "bodies"
HEAD = b'{"model":"small","messages":[{"role":"user","content":"x"}],'


@attack(BODIES, "larger than `largest_body`, by length and in chunks without one",
        "413 request_too_large")  # fmt: skip
async def _(it: AttackWorld) -> str:
    async def chunks() -> Any:
        for _ in range(LARGEST // 65_536 + 2):
            yield b" " * 65_536

    return same([
        told(await it.http.post("/v1/chat/completions", content=content, headers=it.bearer()))
        for content in (b" " * (LARGEST + 1), chunks())
    ])  # fmt: skip


@attack(BODIES, "JSON nested 100 to 100,000 levels deep, in every field that is read and in one "
        "that is not", "400, or passed on")  # fmt: skip
async def _(it: AttackWorld) -> str:
    wrong = []
    for depth in (100, 500, 900, 950, 980, 1000, 3000, 100_000):
        deep = b"[" * depth + b"]" * depth
        objects = b'{"a":' * depth + b"1" + b"}" * depth
        for name in (b"messages", b"metadata", b"response_format", b"tools", b"stream_options",
                     b"unknown", b"model", b"user"):  # fmt: skip
            for value in (deep, objects):
                body = HEAD + b'"stream":true,"' + name + b'":' + value + b"}"
                if len(body) > LARGEST:
                    continue
                reply = await it.http.post(
                    "/v1/chat/completions", content=body, headers=it.bearer()
                )
                if reply.status_code not in (200, 400):
                    wrong.append((reply.status_code, name, depth))
    return f"{wrong[:4]}" if wrong else "400, or passed on"


@attack(BODIES, "no JSON, no UTF-8, a lone surrogate, NaN, a byte order mark, numbers of "
        "400 digits", "400, or passed on")  # fmt: skip
async def _(it: AttackWorld) -> str:
    head = HEAD
    huge = b"9" * 400
    bodies = [
        b"", b"{", b"null", b"[]", b'"x"', b"\xff\xfe", b"\xef\xbb\xbf{}", head + b'"a":NaN}',
        head + b'"max_tokens":' + huge + b"}", head + b'"n":' + huge + b"}",
        head + b'"max_tokens":1e400}', head + b'"max_tokens":' + b"9" * 19 + b"}",
        head + b'"n":' + b"9" * 19 + b"}", head + b'"max_tokens":-1}', head + b'"n":0}',
        head + b'"user":"\\ud800"}', head + b'"metadata":{"a":"\\ud800"}}',
        b'{"model":"\\ud800","messages":[{"role":"user","content":"x"}]}',
        b'{"model":"small","messages":[{"role":"user","content":"\\ud800"}]}',
        b'{"model":"small","messages":[{"role":"user","content":"\xff"}]}',
        b'{"model":"gairp/auto","messages":[{"role":"user","content":"\\u0000"}]}',
    ]  # fmt: skip
    wrong = []
    for body in bodies:
        reply = await it.http.post("/v1/chat/completions", content=body, headers=it.bearer())
        if reply.status_code not in (200, 400, 404):
            wrong.append((reply.status_code, body[-40:]))
    return f"{wrong[:4]}" if wrong else "400, or passed on"


@attack(BODIES, "a budget deceived: a small and a large limit of length in one body, many answers "
        "(`n`, `best_of`) at the price of one",
        "held at the larger, and at all answers")  # fmt: skip
async def _(it: AttackWorld) -> str:
    text = {"model": "small", "prompt": "x"}
    two = peek("chat", json.dumps({"model": "small", "messages": [LINES], "max_tokens": 100_000,
                                   "max_completion_tokens": 1}).encode())  # fmt: skip
    many = peek("completion", json.dumps({**text, "n": 1, "best_of": 20}).encode())
    held = (two.max_tokens, many.choices) == (100_000, 20)
    return "held at the larger, and at all answers" if held else f"{two.max_tokens} {many.choices}"


@attack(BODIES, "packed (Content-Encoding: gzip), 100 MB of nothing in 100 kB", "400 invalid_json")
async def _(it: AttackWorld) -> str:
    bomb = gzip.compress(b" " * 100_000_000, 1)[:LARGEST]
    headers = {**it.bearer(), "content-encoding": "gzip"}
    return told(await it.http.post("/v1/chat/completions", content=bomb, headers=headers))
