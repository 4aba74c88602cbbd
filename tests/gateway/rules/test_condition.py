"""What conditions read of a request, and what they remember."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from gairp.gateway.exchange.peek import peek
from gairp.gateway.exchange.request import Flight, GatewayRequest
from gairp.gateway.principal import Principal
from gairp.gateway.rules.condition import Condition
from gairp.gateway.rules.facts import FACTS, RequestFacts

BODY = b'{"model":"m","stream":true,"messages":[{"role":"user","content":"hello"}]}'


class Evaluations:
    """Counts what CEL is asked."""

    def __init__(self, condition: Condition) -> None:
        self.count, self._expression = 0, condition._expression
        condition._expression = self

    def eval(self, data: dict[str, Any]) -> Any:
        self.count += 1
        return self._expression.eval(data=data)


def facts() -> RequestFacts:
    with closing(asyncio.new_event_loop()) as loop:
        flight = Flight(loop=loop)
    asks = Principal(tenant="acme", key_id="k")
    request = GatewayRequest(id="r", peek=peek("chat", BODY), principal=asks, flight=flight)
    headers = {b"x-team": b"blue", b"authorization": b"Bearer secret"}
    return RequestFacts(request, headers, datetime(2026, 11, 27, 14, tzinfo=UTC))


def test_a_fact_is_made_when_it_is_read() -> None:
    found = facts()
    assert Condition('tenant == "acme" && stream').holds(found)
    assert dict(found) == {"tenant": "acme", "stream": True}
    assert found["headers"] == {"x-team": "blue"}
    assert (found["hour"], found["weekday"], found["tokens"]) == (14, 5, len(BODY) // 4)
    assert {name: found[name] for name in FACTS}.keys() == FACTS.keys()


def test_equal_facts_are_evaluated_once() -> None:
    condition = Condition("tokens > 10 && !stream")
    asked = Evaluations(condition)
    given = [{"tokens": 11, "stream": False}, {"tokens": 10, "stream": False}]
    assert [condition.holds(one) for one in given * 3] == [True, False] * 3
    assert asked.count == 2


def test_what_a_client_may_make_long_is_not_remembered() -> None:
    condition = Condition('user == "u" && tenant == "acme"')
    asked = Evaluations(condition)
    given = {"user": "u", "tenant": "acme"}
    assert [condition.holds(given) for _ in range(3)] == [True] * 3
    assert asked.count == 3
