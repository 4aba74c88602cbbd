"""What vendors write into an error, in all the shapes that they write it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from gairp.backends.openai.broken import BrokenAnswerError
from gairp.types import FailureKind

_LONGEST = 500
_DIGITS = 3  # of an HTTP status
_BAD_KEY = re.compile(r"api.?key.{0,20}(not valid|invalid|expired)", re.IGNORECASE)
_OVERFLOW = re.compile(
    r"context[ _-]?(length|window|size|limit)"  # OpenAI, vLLM, llama.cpp, Azure, OpenRouter
    # Anthropic and others; a request that is too large has too many bytes, not tokens
    r"|(prompt|input|messages?) (is|are) too (long|large)|request is too long"
    r"|tokens_limit_reached"  # GitHub
    r"|input token count .{0,40}exceeds"  # Google
    r"|inputs` tokens \+ `max_new_tokens` must be"  # TGI
    r"|inputs` must have less than"  # TGI
    r"|too many (input |prompt )?tokens"
    r"|exceeds? (the )?(maximum|max)[a-z ]{0,24} tokens",
    re.IGNORECASE,
)
#: Types and codes of errors inside a stream; where none fits, the server is at fault.
_WORDS: tuple[tuple[str, FailureKind], ...] = (
    (r"rate.?limit|resource.?exhausted|too.?many.?requests|insufficient_quota", "rate_limit"),
    (r"authentication|invalid_api_key|unauthenticated", "auth"),
    (r"permission|forbidden", "forbidden"),
    (r"not_?found", "not_found"),
    (r"time.?out|deadline", "timeout"),
    (r"invalid.?(request|argument)|bad.?request|content_(filter|policy)|validation", "bad_request"),
)
_STATUS: dict[int, FailureKind] = {
    401: "auth",
    402: "forbidden",
    403: "forbidden",
    404: "not_found",
    408: "timeout",
    409: "conflict",
    424: "server",  # TGI: the generation failed
    429: "rate_limit",
}


class ErrorBody(NamedTuple):
    """`code` is the vendor's code or type in words, `status` its code in numbers.

    The delay is what Google asks for in its details.
    """

    message: str = ""
    code: str = ""
    status: int | None = None
    retry_after_s: float | None = None

    @property
    def overflow(self) -> bool:
        """Whether it says that the prompt does not fit the model."""
        return bool(_OVERFLOW.search(self.code) or _OVERFLOW.search(self.message))

    def __str__(self) -> str:
        code = self.code or ("" if self.status is None else str(self.status))
        return ": ".join(part for part in (code, self.message) if part)


def read_error(body: Any) -> ErrorBody:
    """From JSON as it came, or from text that is no JSON.

    Known: `{"error": {...}}` (OpenAI), the same in a list (Google), `{"error": "text"}` (TGI,
    Ollama), a bare object with `message` (vLLM, OpenAI's stream events), `{"detail": ...}`
    (FastAPI).
    """
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, Mapping):
        return ErrorBody(_short(body) if body else "")
    inner = body.get("error")
    if isinstance(inner, Mapping):
        return _fields(inner)
    if inner:
        return ErrorBody(_short(inner), str(body.get("error_type") or ""))
    return _fields(body)


def kind_of_status(status: int, body: ErrorBody = ErrorBody()) -> FailureKind:  # noqa: B008
    """What an HTTP status means."""
    if status in (400, 413, 422) and body.overflow:
        return "context_overflow"
    if status == 500 and _OVERFLOW.search(body.code):  # llama.cpp's exceed_context_size_error
        return "context_overflow"
    if status == 400 and _BAD_KEY.search(body.message):  # Google's words for a wrong key
        return "auth"
    return _STATUS.get(status, "server" if status >= 500 else "bad_request")


def stream_error(event: Any) -> BrokenAnswerError | None:
    """The error that a part of an answer of status 200 is; None where it is none."""
    if isinstance(event, Mapping):
        told = event.get("error") or "error" in (event.get("object"), event.get("type"))
        return broken(read_error(event)) if told else None
    if isinstance(event, list) and event and isinstance(event[0], Mapping):
        return stream_error(event[0])
    return None


def broken(body: ErrorBody) -> BrokenAnswerError:
    """The failure that an error without an HTTP status tells of."""
    message = f"the answer broke off with an error: {body}"
    return BrokenAnswerError(_kind(body), message, retry_after_s=body.retry_after_s)


def _kind(body: ErrorBody) -> FailureKind:
    if body.overflow:
        return "context_overflow"
    if body.status is not None and 400 <= body.status < 600:
        return kind_of_status(body.status, body)
    code = body.code.lower()
    return next((kind for words, kind in _WORDS if re.search(words, code)), "server")


def _fields(error: Mapping[str, Any]) -> ErrorBody:
    message = error.get("message") or error.get("detail") or error.get("msg") or ""
    names = [str(error[key]) for key in ("code", "type", "status") if error.get(key)]
    numbers = [int(name) for name in names if name.isdecimal() and len(name) == _DIGITS]
    words = [_short(name) for name in names if not name.isdecimal() and name != "error"]
    return ErrorBody(
        _short(f"{message}{_provider(error.get('metadata'))}"),
        words[0] if words else "",
        numbers[0] if numbers else None,
        _delay(error.get("details")),
    )


def _provider(metadata: Any) -> str:
    """Whose error OpenRouter passes on."""
    name = metadata.get("provider_name") if isinstance(metadata, Mapping) else None
    return f" (provider: {name})" if name else ""


def _delay(details: Any) -> float | None:
    """Google's RetryInfo, `"retryDelay": "34s"`."""
    for detail in details if isinstance(details, list) else ():
        delay = detail.get("retryDelay") if isinstance(detail, Mapping) else None
        if isinstance(delay, str) and re.fullmatch(r"\d+(\.\d+)?s", delay):
            return float(delay[:-1])
    return None


def _short(text: Any) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= _LONGEST else line[:_LONGEST] + "…"
