"""The answer of OpenAI's `/responses`, whole or in pieces; its message has chat's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gairp.backends.openai.answer import Answer
from gairp.backends.openai.broken import BrokenAnswerError
from gairp.backends.openai.error_body import stream_error

_THOUGHTS = ("response.reasoning_text.delta", "response.reasoning_summary_text.delta")
_INCOMPLETE = {"max_output_tokens": "length", "content_filter": "content_filter"}


class ResponsesAnswer(Answer):
    """Texts of all output messages, one after the other."""

    path = "/responses"

    def feed(self, event: Mapping[str, Any]) -> str:
        kind = event.get("type")
        if kind == "response.output_text.delta":
            text = self._say(event["delta"])
            self.logprobs.feed(event.get("logprobs"))
            self.pieces += 1
            return text
        if (error := stream_error(event)) is not None:
            raise error
        if kind in _THOUGHTS:
            self.pieces += 1
            self._lengthen("reasoning_content", event["delta"])
        elif kind == "response.refusal.delta":
            self.pieces += 1
            self._lengthen("refusal", event["delta"])
        elif kind == "response.function_call_arguments.delta":
            self.pieces += 1
            self.tools.add(event.get("output_index", 0), None, event["delta"])
        elif kind in ("response.output_item.added", "response.output_item.done"):
            self._item(event["item"], event.get("output_index", 0))
        elif isinstance(response := event.get("response"), Mapping):
            return self._state(response)
        return ""

    def take(self, body: Mapping[str, Any]) -> str:
        if (error := stream_error(body)) is not None:
            raise error
        if not isinstance(body.get("output"), list):
            raise BrokenAnswerError("malformed", "the answer has no output; is base_url right?")
        self.finish_reason = "stop"
        return self._state(body)

    def _item(self, item: Mapping[str, Any], key: object) -> None:
        if item.get("type") == "function_call":
            self.pieces += key not in self.tools
            id_ = item.get("call_id") or item.get("id")
            self.tools.complete(key, item.get("name"), item.get("arguments"), id=id_)

    def _state(self, response: Mapping[str, Any]) -> str:
        """The whole response, as it is at the beginning, at the end, or without a stream."""
        self._meta(response)
        status = response.get("status")
        if status in ("failed", "cancelled"):
            raise stream_error(response) or BrokenAnswerError("server", f"the answer is {status}")
        text = "" if self.pieces else self._output(response.get("output") or ())
        if status in ("completed", "incomplete"):
            reason = str((response.get("incomplete_details") or {}).get("reason"))
            ended = "tool_calls" if self.tools.whole() else "stop"
            self.finish_reason = (
                ended if status == "completed" else _INCOMPLETE.get(reason, "length")
            )
        return text

    def _output(self, items: Any) -> str:
        """What no event brought piece by piece."""
        text = ""
        for i, item in enumerate(items):
            self._item(item, i)
            for part in item.get("content") or ():
                if part.get("type") == "output_text" and part.get("text"):
                    self.pieces += 1
                    self.logprobs.feed(part.get("logprobs"))
                    text += self._say(part["text"])
                elif part.get("type") == "refusal":
                    self._lengthen("refusal", part.get("refusal"))
        return text
