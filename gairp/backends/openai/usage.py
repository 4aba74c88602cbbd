"""Tokens of a call: as reported where that can be believed, else counted again.

A report is believed where it is within a factor of `FACTOR` of our own count, give or take
`SLACK` tokens: tokenizers differ, and servers wrap what they are sent in templates. Counting is
dear, so it is done only where a report leaves the band that plain text falls into: between
an eighth and two thirds of a token for each ASCII character.

What a model thinks and does not show is billed too. Where there is a sign of it (a count of
reasoning tokens, shown thoughts, a request for effort), only the limit of length bounds a report.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import msgspec

from gairp.backends.openai.compose import LIMITS
from gairp.pricing.tokens import Encoding, count_tokens
from gairp.types import Usage

FACTOR = 4.0
SLACK = 32.0
_PER_MESSAGE = 4  # OpenAI's own rule for chat templates: three tokens a message and three more
_SYSTEM = 1024.0  # what a server may put before a prompt: its own system text, a manual of tools
_EFFORT = ("reasoning", "reasoning_effort", "thinking", "thinking_config", "google")
_SCHEMAS = ("tools", "functions", "response_format")
_TEXTS = ("text", "input_text", "output_text")


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """What the server said, as numbers; NaN where it said nothing or nonsense."""

    input: float = math.nan
    output: float = math.nan  #: with what was thought and not shown
    said: float = math.nan  #: the output as the server wrote it
    cached: float = math.nan
    thought: bool = False  #: there was reasoning
    cost_usd: float = math.nan


def read_usage(raw: Any) -> Reported:
    """From the usage of a chat completion or of a response.

    OpenRouter adds what it charged in `cost`. Where a total is larger than its parts, as Google's
    is by the thoughts it does not show, the rest was generated too.
    """
    if not isinstance(raw, Mapping):
        return Reported()
    given = _number(_first(raw, "prompt_tokens", "input_tokens"))
    made = _number(_first(raw, "completion_tokens", "output_tokens"))
    beyond = _number(raw.get("total_tokens")) - given - made
    hidden = beyond if beyond > 0 and made >= 0 else 0.0
    details = _first(raw, "prompt_tokens_details", "input_tokens_details")
    out = _first(raw, "completion_tokens_details", "output_tokens_details")
    return Reported(
        input=given,
        output=made + hidden,
        said=made,
        cached=_within(details, "cached_tokens"),
        thought=hidden > 0 or _within(out, "reasoning_tokens") > 0,
        cost_usd=_number(raw.get("cost")),
    )


class Recount:
    """Our own counts of one call, made when asked for and at most once."""

    def __init__(self, body: Mapping[str, Any], answer: str, encoding: Encoding) -> None:
        self.body, self.answer, self.encoding = body, answer, encoding
        self._prompt: str | None = None

    def prompt(self) -> str:
        """All text of the prompt."""
        if self._prompt is None:
            self._prompt = prompt_text(self.body)
        return self._prompt

    def input(self) -> float:
        """Tokens of the prompt with a usual template."""
        marks = _PER_MESSAGE * len(self.body["messages"]) + 3
        return self._count(self.prompt()) + marks

    def output(self) -> float:
        """Tokens of everything that the model wrote."""
        return self._count(self.answer)

    def _count(self, text: str) -> float:
        # A lone surrogate, which JSON can carry, is no text that can be encoded.
        clean = text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
        return float(count_tokens(clean, self.encoding)) if clean else 0.0


def settled(reported: Reported, recount: Recount, *, thought: bool = False) -> Usage:
    """The usage of a whole answer; `thought` says that the answer showed reasoning."""
    good_input = _good_input(reported.input, recount)
    good_output = _good_output(reported, recount, thought)
    tokens = reported.input if good_input else recount.input()
    cached = reported.cached if good_input and _count(reported.cached) else 0.0
    believed = good_input and good_output
    return Usage(
        input_tokens=tokens,
        output_tokens=reported.output if good_output else recount.output(),
        cached_tokens=min(cached, tokens),
        source="reported" if believed else "recounted",
        reported_input=math.nan if believed else reported.input,
        reported_output=math.nan if believed else reported.said,
    )


def partial(reported: Reported, recount: Recount) -> Usage:
    """The usage of an answer that broke off: the prompt, and what had arrived."""
    return Usage(
        input_tokens=recount.input(),
        output_tokens=recount.output(),
        source="partial",
        reported_input=reported.input,
        reported_output=reported.said,
    )


def prompt_text(body: Mapping[str, Any]) -> str:
    """The text of all messages, tools and schemas of a chat body."""
    texts = [text for message in body["messages"] for text in _texts(message)]
    schemas = [body[field] for field in _SCHEMAS if body.get(field)]
    return "\n".join([*texts, *(json.dumps(schema, default=str) for schema in schemas)])


def _texts(message: Mapping[str, Any]) -> list[str]:
    content = message.get("content")
    calls = [json.dumps(message["tool_calls"], default=str)] if message.get("tool_calls") else []
    if isinstance(content, str):
        return [content, *calls]
    parts = [part for part in content or () if isinstance(part, Mapping)]
    return [str(part.get("text") or "") for part in parts if part.get("type") in _TEXTS] + calls


def _has_media(body: Mapping[str, Any]) -> bool:
    contents = [message.get("content") for message in body["messages"]]
    parts = [part for c in contents if isinstance(c, list | tuple) for part in c]
    return any(not isinstance(p, Mapping) or p.get("type") not in _TEXTS for p in parts)


def _good_input(reported: float, recount: Recount) -> bool:
    if not _count(reported) or reported == 0:
        return False
    if _plain(reported, recount.prompt()):
        return True
    own = recount.input()
    high = math.inf if _has_media(recount.body) else FACTOR * own + SLACK + _SYSTEM
    return own / FACTOR - SLACK <= reported <= high


def _good_output(reported: Reported, recount: Recount, thought: bool) -> bool:
    text, tokens = recount.answer, reported.output
    if not _count(tokens) or (tokens == 0 and text):
        return False
    if _plain(tokens, text):
        return True
    if (reported.thought or thought or _effort(recount.body)) and tokens >= len(text):
        limits = [_number(recount.body.get(name)) for name in LIMITS]
        return tokens <= min((n for n in limits if n == n), default=math.inf) + SLACK
    own, n = recount.output(), _number(recount.body.get("n"))
    return own / FACTOR - SLACK <= tokens <= FACTOR * own * (n if n > 1 else 1) + SLACK


def _effort(body: Mapping[str, Any]) -> bool:
    return any(body.get(field) for field in _EFFORT)


def _plain(tokens: float, text: str) -> bool:
    return text.isascii() and len(text) / 8 <= tokens <= len(text) / 1.5


def _count(value: float) -> bool:
    return value >= 0 and value.is_integer()


def _first(raw: Mapping[str, Any], *names: str) -> Any:
    return next((raw[name] for name in names if raw.get(name) is not None), None)


def _within(details: Any, name: str) -> float:
    return _number(details.get(name)) if isinstance(details, Mapping) else math.nan


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:  # JSON knows no largest integer
        return math.inf
