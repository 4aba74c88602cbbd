"""The answer of `/chat/completions`, whole or in pieces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gairp.backends.openai.answer import Answer
from gairp.backends.openai.broken import BrokenAnswerError
from gairp.backends.openai.error_body import stream_error

_COMMON = frozenset({"role", "content", "tool_calls"})


class ChatAnswer(Answer):
    """Follows the first choice; others, if more than one was asked for, are passed over."""

    path = "/chat/completions"

    def feed(self, event: Mapping[str, Any]) -> str:
        if (error := stream_error(event)) is not None:
            raise error
        self._meta(event)
        text = ""
        for choice in event.get("choices") or ():
            if not choice.get("index"):
                text += self._choice(choice, choice.get("delta") or {})
        return text

    def take(self, body: Mapping[str, Any]) -> str:
        if (error := stream_error(body)) is not None:
            raise error
        self._meta(body)
        for choice in body.get("choices") or ():
            text = self._choice(choice, choice.get("message") or choice.get("delta") or {})
            self.finish_reason = self.finish_reason or "stop"
            return text
        raise BrokenAnswerError("malformed", "the answer has no choices; is base_url right?")

    def _choice(self, choice: Mapping[str, Any], delta: Mapping[str, Any]) -> str:
        if logprobs := choice.get("logprobs"):
            self.logprobs.feed(logprobs.get("content") or logprobs.get("token_logprobs"))
        content = delta.get("content")
        text = ""
        if content:
            text = self._say(content if isinstance(content, str) else self._parts(content))
        if len(delta) > 1 or not content:
            self._others(delta)
        self.pieces += bool(text or delta.get("tool_calls") or _reasoning(delta))
        if reason := choice.get("finish_reason"):
            self.finish_reason = str(reason)
        if choice.get("error") or choice.get("finish_reason") == "error":
            raise stream_error(choice) or BrokenAnswerError("server", "it finished with an error")
        return text

    def _others(self, delta: Mapping[str, Any]) -> None:
        for call in delta.get("tool_calls") or ():
            self.tools.feed(call)
        for field, value in delta.items():
            if value and field not in _COMMON:
                self._lengthen(field, value)

    def _parts(self, parts: Any) -> str:
        """Content in parts: text is content, what a model thought goes beside it."""
        for part in parts:
            if part.get("type") == "thinking":
                self._lengthen("reasoning_content", _text(part.get("thinking")))
        return "".join(_text(part.get("text")) for part in parts if part.get("type") == "text")


def _reasoning(delta: Mapping[str, Any]) -> Any:
    return delta.get("reasoning_content") or delta.get("reasoning") or delta.get("refusal")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "".join(_text(part.get("text")) for part in value or ())
