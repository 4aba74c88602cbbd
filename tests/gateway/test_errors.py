"""Errors in the form that OpenAI's clients parse, and principals."""

from __future__ import annotations

import json

from gairp.gateway.errors import ApiError
from gairp.gateway.principal import Principal


def test_body_is_that_of_openai() -> None:
    error = ApiError(429, "too many requests", code="rate_limit_exceeded", retry_after_s=1.2)
    assert json.loads(error.body()) == {
        "error": {
            "message": "too many requests",
            "type": "requests",
            "param": None,
            "code": "rate_limit_exceeded",
        }
    }
    assert error.raw_headers() == [(b"retry-after", b"2")]


def test_types_follow_the_status() -> None:
    assert ApiError(503, "busy").type == "server_error"
    assert ApiError(404, "no model", code="model_not_found").type == "invalid_request_error"


def test_models_are_patterns() -> None:
    assert Principal(tenant="t").may_use("anything")
    some = Principal(tenant="t", models=("gpt-*", "gairp/auto"))
    assert [some.may_use(m) for m in ("gpt-4o", "gairp/auto", "gairp/x")] == [True, True, False]
