"""From what went wrong with a call to a `Failure`: one kind, one message, one remedy."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from gairp.backends.openai.broken import BrokenAnswerError, RefusedError
from gairp.backends.openai.error_body import ErrorBody, kind_of_status, read_error
from gairp.backends.openai.retry_after import retry_after_s
from gairp.backends.openai.secret import Secrets
from gairp.types import Failure, FailureKind

#: openai speaks through httpx, or its successor httpx2, whose errors reach us while a body is
#: read. Both have the same tree, so that names serve for both; the first that fits decides.
_HTTP: dict[str, tuple[FailureKind, str]] = {
    "ConnectTimeout": ("timeout", "no connection in time; is the server up, is base_url right?"),
    "PoolTimeout": ("timeout", "no free connection in time; raise max_connections"),
    "TimeoutException": ("timeout", "no answer in time; raise timeout_s or ask for less"),
    "ConnectError": ("connection", "no connection; is the server up, is base_url right?"),
    "ProxyError": ("connection", "the proxy gave no connection; look at HTTPS_PROXY"),
    "NetworkError": ("connection", "the connection broke"),
    "RemoteProtocolError": ("connection", "the server ended the connection too early"),
    "DecodingError": ("malformed", "the body is not compressed as its head says"),
    "UnsupportedProtocol": ("bad_request", "base_url must begin with http:// or https://"),
    "LocalProtocolError": ("bad_request", "the request is no HTTP; look at headers and the key"),
    "InvalidURL": ("bad_request", "base_url is no URL"),
}
#: Errors that come before a request has gone out.
_UNSENT = frozenset(
    {
        "ConnectTimeout", "PoolTimeout", "ConnectError", "ProxyError", "UnsupportedProtocol",
        "LocalProtocolError", "InvalidURL",
    }
)  # fmt: skip
_REMEDIES: dict[FailureKind, str] = {
    "auth": "is the key in api_key_env right?",
    "forbidden": "may this key use this model, and is there credit?",
    "not_found": "is the arm's model offered here, and is base_url right?",
    "context_overflow": "the prompt does not fit the model: shorten it or take an arm with a "
    "larger context window",
    "rate_limit": "ask less often, or raise the limit at the vendor",
}


def failure_of(
    error: Exception, *, place: str, started: bool, sent: bool, secrets: Secrets
) -> Failure:
    """What to tell of an error; `place` names host, arm and request.

    `started` says that some of the answer had arrived; `sent` that the request had gone out
    whole, which leaves in the dark whether it is billed, unless an HTTP status settles that.
    """
    sent = sent and not _before_sending(error)
    kind, message, status, wait = _told(error, sent)
    return Failure(
        kind=kind,
        message=secrets.scrub(f"{place}: {message}"),
        status=status,
        retry_after_s=wait,
        started=started,
        billing_unknown=sent and status is None,
    )


def _told(error: Exception, sent: bool) -> tuple[FailureKind, str, int | None, float | None]:
    if isinstance(error, BrokenAnswerError):
        return error.kind, _remedied(error.kind, error.message), None, error.retry_after_s
    if isinstance(error, RefusedError):
        return _refused(error.status, error.body, error.headers)
    import openai

    if isinstance(error, openai.APIStatusError):
        return _refused(error.status_code, error.body, error.response.headers)
    kind = kind_of(type(error))
    cause = error.__cause__
    if isinstance(error, openai.APIConnectionError) and isinstance(cause, Exception):
        return _told(cause, sent)
    for name in (cls.__name__ for cls in type(error).__mro__):
        if name in _HTTP:
            return *_with(_HTTP[name], error), None, None
    if kind is not None:
        return kind, f"{type(error).__name__}: {error}", None, None
    if isinstance(error, OSError | EOFError):
        return "connection", f"the connection broke ({type(error).__name__}: {error})", None, None
    kind = "malformed" if sent else "bad_request"
    what = "the answer cannot be read" if sent else "the request cannot be made"
    return kind, f"{what} ({type(error).__name__}: {error})", None, None


def _before_sending(error: BaseException) -> bool:
    if isinstance(error, BrokenAnswerError):
        return error.unsent
    names = {cls.__name__ for e in (error, error.__cause__) if e for cls in type(e).__mro__}
    return bool(names & _UNSENT)


def _refused(
    status: int, raw: Any, headers: Mapping[str, str]
) -> tuple[FailureKind, str, int | None, float | None]:
    body = read_error(raw)
    kind = kind_of_status(status, body)
    if 300 <= status < 400:
        body = ErrorBody(f"the address has moved; set base_url to {headers.get('location')}")
    wait = retry_after_s(headers)
    told = f"HTTP {status}" + (f" {body}" if str(body) else "")
    return kind, _remedied(kind, told), status, body.retry_after_s if wait is None else wait


def _with(told: tuple[FailureKind, str], error: Exception) -> tuple[FailureKind, str]:
    kind, message = told
    return kind, f"{message} ({type(error).__name__}: {error})" if str(error) else message


def _remedied(kind: FailureKind, message: str) -> str:
    remedy = _REMEDIES.get(kind)
    return f"{message}; {remedy}" if remedy else message


def kind_of(error: type[BaseException]) -> FailureKind | None:
    """The kind of one of openai's exception classes; None for what is none of them.

    A status decides for APIStatusError and those below; see `kind_of_status`.
    """
    kinds = _openai_kinds()
    return next((kinds[cls] for cls in error.__mro__ if cls in kinds), None)


@cache
def _openai_kinds() -> dict[type[BaseException], FailureKind]:
    import openai

    return {
        openai.APITimeoutError: "timeout",
        openai.APIConnectionError: "connection",
        openai.APIResponseValidationError: "malformed",
        openai.BadRequestError: "bad_request",
        openai.UnprocessableEntityError: "bad_request",
        openai.AuthenticationError: "auth",
        openai.PermissionDeniedError: "forbidden",
        openai.NotFoundError: "not_found",
        openai.ConflictError: "conflict",
        openai.RateLimitError: "rate_limit",
        openai.InternalServerError: "server",
        openai.APIStatusError: "server",
        openai.APIError: "server",
        openai.LengthFinishReasonError: "truncated",
        openai.ContentFilterFinishReasonError: "bad_request",
        openai.InvalidWebhookSignatureError: "malformed",
        openai.OpenAIError: "bad_request",
    }
