"""The body that goes to the server: the client's own bytes, but for what must be set."""

from __future__ import annotations

import json

from gairp.gateway.exchange.peek import peek
from gairp.gateway.exchange.splice import Splicer
from gairp.types import Arm

ARM = Arm(name="a", model="m", recipe={"params": {"temperature": 0.5, "max_tokens": 9}})


def test_untouched_fields_keep_their_bytes() -> None:
    raw = b'{"model":"x","messages":[ {"role":"user","content":"\\u00e9"} ],"new":{"a": 1.50}}'
    body = Splicer(ARM).body("chat", peek("chat", raw), raw)
    assert b'[ {"role":"user","content":"\\u00e9"} ]' in body
    assert b'{"a": 1.50}' in body
    assert json.loads(body)["model"] == "m"


def test_the_recipe_fills_in_and_the_client_wins() -> None:
    raw = b'{"model":"x","messages":[{"role":"user","content":"q"}],"temperature":1}'
    sent = json.loads(Splicer(ARM).body("chat", peek("chat", raw), raw))
    assert (sent["temperature"], sent["max_tokens"]) == (1, 9)
    limited = raw.replace(b'"temperature":1', b'"max_completion_tokens":5')
    sent = json.loads(Splicer(ARM).body("chat", peek("chat", limited), limited))
    assert "max_tokens" not in sent
    assert sent["max_completion_tokens"] == 5


def test_usage_is_asked_for_in_every_stream() -> None:
    raw = b'{"model":"x","messages":[{"role":"user","content":"q"}],"stream":true,'
    raw += b'"stream_options":{"a":1}}'
    sent = json.loads(Splicer(ARM).body("chat", peek("chat", raw), raw))
    assert sent["stream_options"] == {"a": 1, "include_usage": True}


def test_a_recipe_that_talks_is_put_before_the_conversation() -> None:
    arm = Arm(name="a", model="m", recipe={"system": "Be brief.", "ask": "Q: {prompt}"})
    raw = b'{"model":"x","messages":[{"role":"user","content":"why?"}]}'
    sent = json.loads(Splicer(arm).body("chat", peek("chat", raw), raw))
    assert sent["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Q: why?"},
    ]


def test_the_field_of_the_limit_is_the_servers() -> None:
    raw = b'{"model":"x","messages":[{"role":"user","content":"q"}]}'
    splicer = Splicer(Arm(name="a", model="m"), max_tokens_field="max_completion_tokens")
    assert json.loads(splicer.body("chat", peek("chat", raw), raw))["max_completion_tokens"] == 1024
