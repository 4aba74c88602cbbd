"""Every error has a kind, a place and a remedy, and no key in it."""

from __future__ import annotations

import inspect
import time
from email.utils import formatdate
from typing import Any, get_args

import httpx2
import openai
import pytest
from openai import _exceptions

from gairp.backends.openai.broken import BrokenAnswerError
from gairp.backends.openai.error_body import read_error, stream_error
from gairp.backends.openai.failures import failure_of, kind_of
from gairp.backends.openai.retry_after import retry_after_s
from gairp.backends.openai.secret import HIDDEN, Secrets
from gairp.types import Failure, FailureKind

REQUEST = httpx2.Request("POST", "http://h/v1/chat/completions")
KINDS = {
    "APITimeoutError": "timeout",
    "APIConnectionError": "connection",
    "APIResponseValidationError": "malformed",
    "BadRequestError": "bad_request",
    "UnprocessableEntityError": "bad_request",
    "AuthenticationError": "auth",
    "OAuthError": "auth",
    "PermissionDeniedError": "forbidden",
    "NotFoundError": "not_found",
    "ConflictError": "conflict",
    "RateLimitError": "rate_limit",
    "InternalServerError": "server",
    "APIStatusError": "server",
    "APIError": "server",
    "LengthFinishReasonError": "truncated",
    "ContentFilterFinishReasonError": "bad_request",
    "InvalidWebhookSignatureError": "malformed",
    "OpenAIError": "bad_request",
}


def classes() -> set[type[BaseException]]:
    """Every exception class of openai: those of its module, and all that descend from its root."""
    named = [c for c in vars(_exceptions).values() if inspect.isclass(c)]
    found: set[type[BaseException]] = {c for c in named if issubclass(c, Exception)}
    heirs: list[type[BaseException]] = [openai.OpenAIError]
    while heirs:
        found.add(heir := heirs.pop())
        heirs += heir.__subclasses__()
    return found


def test_every_class_of_openai_has_a_kind() -> None:
    assert len(classes()) >= len(KINDS)
    for cls in classes():
        expected = next(KINDS[c.__name__] for c in cls.__mro__ if c.__name__ in KINDS)
        assert kind_of(cls) == expected
        assert expected in get_args(FailureKind)
    assert kind_of(ValueError) is None


def failed(
    error: Exception, *, sent: bool = True, started: bool = False, keys: Any = ()
) -> Failure:
    return failure_of(
        error, place="h, arm 'a', request 'r'", started=started, sent=sent, secrets=Secrets(keys)
    )


def refusal(status: int, body: Any, headers: dict[str, str] | None = None) -> Failure:
    response = httpx2.Response(status, headers=headers or {}, request=REQUEST)
    return failed(openai.APIStatusError("x", response=response, body=body))


UNSENT = {
    "ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol",
    "LocalProtocolError",
}  # fmt: skip


def caused(cause: Exception) -> Exception:
    error = openai.APIConnectionError(request=REQUEST)
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx2.ConnectError("refused"), "connection"),
        (httpx2.ConnectTimeout("slow"), "timeout"),
        (httpx2.PoolTimeout("full"), "timeout"),
        (httpx2.ReadTimeout("slow"), "timeout"),
        (httpx2.ReadError(""), "connection"),
        (httpx2.WriteError("gone"), "connection"),
        (httpx2.RemoteProtocolError("cut"), "connection"),
        (httpx2.ProxyError("no"), "connection"),
        (httpx2.DecodingError("gzip"), "malformed"),
        (httpx2.UnsupportedProtocol("ftp"), "bad_request"),
        (httpx2.LocalProtocolError("\n"), "bad_request"),
        (OSError("gone"), "connection"),
        (EOFError(), "connection"),
        (openai.APITimeoutError(request=REQUEST), "timeout"),
        (BrokenAnswerError("truncated", "cut"), "truncated"),
        (openai.LengthFinishReasonError.__new__(openai.LengthFinishReasonError), "truncated"),
    ],
)
def test_what_the_network_does(error: Exception, kind: str) -> None:
    for told in (error, caused(error)):
        failure = failed(told, started=True)
        assert (failure.kind, failure.status, failure.started) == (kind, None, True)
        assert failure.billing_unknown == (type(error).__name__ not in UNSENT)
        assert failure.message.startswith("h, arm 'a', request 'r': ")
    assert not failed(error, sent=False).billing_unknown


def test_what_nobody_foresaw() -> None:
    assert failed(RuntimeError("odd")).kind == "malformed"
    unsent = failed(TypeError("not JSON"), sent=False)
    assert (unsent.kind, unsent.billing_unknown) == ("bad_request", False)
    assert "TypeError: not JSON" in unsent.message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "No.", "type": "t", "code": "c"}}, "HTTP 400 c: No."),
        ({"error": {"message": "No.", "type": "error", "code": 400}}, "HTTP 400 400: No."),
        ([{"error": {"message": "No.", "status": "INVALID", "code": 400}}], "INVALID: No."),
        ({"error": "No.", "error_type": "validation"}, "HTTP 400 validation: No."),
        ({"object": "error", "message": "No.", "type": "T", "code": 400}, "HTTP 400 T: No."),
        ({"detail": [{"loc": ["x"], "msg": "No."}]}, "[{'loc': ['x'], 'msg': 'No.'}]"),
        ("No\n way", "HTTP 400 No way"),
        ("x" * 9000, "x" * 500 + "…"),
        (None, "HTTP 400"),
        ({}, "HTTP 400"),
        ([], "HTTP 400"),
        (
            {"error": {"message": "No.", "code": 400, "metadata": {"provider_name": "P"}}},
            "No. (provider: P)",
        ),
    ],
)
def test_bodies_of_all_vendors(body: Any, words: str) -> None:
    failure = refusal(400, body)
    assert (failure.kind, failure.status, failure.billing_unknown) == ("bad_request", 400, False)
    assert words in failure.message
    assert len(failure.message) < 700


OVERFLOWS = {
    "openai": {
        "message": "This model's maximum context length is 8192 tokens. However, your messages "
        "resulted in 9000 tokens.",
        "code": "context_length_exceeded",
    },
    "responses": {
        "message": "Your input exceeds the context window of this model.",
        "code": "context_length_exceeded",
    },
    "vllm": {
        "message": "'max_tokens' or 'max_completion_tokens' is too large: 9000. This model's "
        "maximum context length is 1024 tokens and your request has 10 input tokens",
        "type": "BadRequestError",
        "code": 400,
    },
    "llamacpp": {
        "code": 400,
        "message": "the request exceeds the available context size. try increasing it",
        "type": "exceed_context_size_error",
    },
    "anthropic": {
        "message": "prompt is too long: 210000 tokens > 200000 maximum",
        "type": "invalid_request_error",
    },
    "google": {
        "code": 400,
        "message": "The input token count (1200000) exceeds the maximum number of tokens allowed "
        "(1048576).",
        "status": "INVALID_ARGUMENT",
    },
    "tgi": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: "
    "5000 `inputs` tokens and 100 `max_new_tokens`",
    "openrouter": {
        "message": "This endpoint's maximum context length is 8192 tokens. However, you "
        "requested about 9000 tokens",
        "code": 400,
    },
    "github": {
        "message": "Request body too large for gpt-4o model. Max size: 8000 tokens.",
        "code": "tokens_limit_reached",
    },
    "ollama": {
        "message": "input length exceeds the context length",
        "type": "invalid_request_error",
    },
}


@pytest.mark.parametrize("vendor", OVERFLOWS)
@pytest.mark.parametrize("status", [400, 413, 422])
def test_too_long_a_prompt_is_told(vendor: str, status: int) -> None:
    failure = refusal(status, {"error": OVERFLOWS[vendor]})
    assert (failure.kind, failure.retryable) == ("context_overflow", False)
    assert "larger context window" in failure.message
    error = stream_error({"error": OVERFLOWS[vendor]})
    assert error is not None
    assert error.kind == "context_overflow"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"message": "max_tokens must be at least 1"}),
        (413, {"message": "Request body larger than 20 MB", "code": "too_large"}),
        (413, {"message": "The request is too large.", "type": "request_too_large"}),
        (429, {"message": "Too many tokens a minute, and the context length is long"}),
    ],
)
def test_other_refusals_are_no_overflow(status: int, body: Any) -> None:
    assert refusal(status, {"error": body}).kind != "context_overflow"


def test_a_wrong_key_told_as_a_bad_request() -> None:
    google = [
        {"error": {"code": 400, "message": "API key not valid. Please pass a valid API key."}}
    ]
    assert refusal(400, google).kind == "auth"


def test_llamacpp_once_sent_overflows_as_500() -> None:
    assert refusal(500, {"error": OVERFLOWS["llamacpp"]}).kind == "context_overflow"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "rate_limit_exceeded"}, "rate_limit"),
        ({"type": "rate_limit_error"}, "rate_limit"),
        ({"code": 429, "status": "RESOURCE_EXHAUSTED"}, "rate_limit"),
        ({"type": "overloaded_error"}, "server"),
        ({"type": "authentication_error"}, "auth"),
        ({"type": "permission_error"}, "forbidden"),
        ({"type": "not_found_error"}, "not_found"),
        ({"type": "invalid_request_error"}, "bad_request"),
        ({"code": 408}, "timeout"),
        ({"code": 502}, "server"),
        ({"code": 7}, "server"),
        ({}, "server"),
    ],
)
def test_errors_inside_a_stream(error: dict[str, Any], kind: str) -> None:
    told = stream_error({"error": {"message": "m", **error}})
    assert told is not None
    assert told.kind == kind


def test_what_is_no_error_inside_a_stream() -> None:
    events: list[Any] = [{}, {"error": None}, [], [1], 3, {"type": "ping"}, {"choices": []}]
    for event in events:
        assert stream_error(event) is None


def test_retry_after() -> None:
    assert retry_after_s({"retry-after": "2"}) == 2.0
    assert retry_after_s({"retry-after": "0.5"}) == 0.5
    assert retry_after_s({"retry-after": "9", "retry-after-ms": "250"}) == 0.25
    date = retry_after_s({"retry-after": formatdate(time.time() + 60, usegmt=True)})
    assert date == pytest.approx(60, abs=2)
    past = formatdate(time.time() - 60, usegmt=True)
    assert retry_after_s({"retry-after": past}) == 0.0
    for odd in ("soon", "nan", "inf", ""):
        assert retry_after_s({"retry-after": odd}) is None
    assert retry_after_s({"retry-after": "-3"}) == 0.0
    assert retry_after_s({}) is None


def test_retry_after_reaches_the_failure() -> None:
    assert refusal(429, None, {"retry-after": "2"}).retry_after_s == 2.0
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}
    google = [{"error": {"code": 429, "message": "Quota", "details": [{}, info]}}]
    assert refusal(429, google).retry_after_s == 34.5
    assert read_error(google).retry_after_s == 34.5


def test_keys_stay_out_of_messages() -> None:
    ours = "qwertyuiop-asdf"
    said = f"Incorrect API key provided: {ours}, sk-proj-ABCDEFGHIJ, AIzaSyA1234567890abcdefghij12"
    failure = failed(BrokenAnswerError("auth", said), keys=[f"Bearer {ours}"])
    assert ours not in failure.message
    assert "ABCDEFGHIJ" not in failure.message
    assert "AIzaSy" not in failure.message
    assert failure.message.count(HIDDEN) == 3
    assert "api_key_env" in failure.message


def test_a_moved_address_names_its_target() -> None:
    failure = refusal(308, None, {"location": "https://elsewhere/v1"})
    assert (failure.kind, failure.retryable) == ("bad_request", False)
    assert "set base_url to https://elsewhere/v1" in failure.message
