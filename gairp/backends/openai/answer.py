"""What has arrived of an answer; one subclass for each wire."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from gairp.backends.openai.logprobs import Logprobs
from gairp.backends.openai.tool_calls import ToolCalls

_THOUGHTS = frozenset({"reasoning", "reasoning_content", "reasoning_details", "extra_content"})


class Answer(ABC):
    """Grows by events. `pieces` counts those that held something that the model generated."""

    path: str  #: below the base URL

    def __init__(self, asked: str) -> None:
        self.model = asked  #: until the server says who answers
        self.pieces = 0
        self.finish_reason: str | None = None
        self.usage: Mapping[str, Any] | None = None  #: the last that the server reported
        self.extras: dict[str, Any] = {}  #: of the message, beside content and tool calls
        self.tools = ToolCalls()
        self.logprobs = Logprobs()
        self._texts: list[str] = []

    @abstractmethod
    def feed(self, event: Mapping[str, Any]) -> str:
        """Take an event of a stream; the text that it adds. Raises BrokenAnswerError."""

    @abstractmethod
    def take(self, body: Mapping[str, Any]) -> str:
        """Take an answer in one piece; its text. Raises BrokenAnswerError."""

    @property
    def content(self) -> str:
        """The text until now."""
        return "".join(self._texts)

    def generated(self) -> str:
        """Everything that the model wrote until now, reasoning and tool calls too."""
        calls = [call["function"] for call in self.tools.whole()]
        texts = [value for value in self.extras.values() if isinstance(value, str)]
        return "".join([*self._texts, *texts, *(c["name"] + c["arguments"] for c in calls)])

    @property
    def thought(self) -> bool:
        """Whether it shows signs of reasoning: thoughts, or Google's signature of them."""
        return any(field in _THOUGHTS for field in self.extras)

    def message(self) -> dict[str, Any] | None:
        """The whole message in chat's form, where it has more than content."""
        calls = self.tools.whole()
        if not (calls or self.extras):
            return None
        message = {"role": "assistant", "content": self.content or None, **self.extras}
        return message | ({"tool_calls": calls} if calls else {})

    def _meta(self, event: Mapping[str, Any]) -> None:
        """Who answers and what it takes, where the event says it; Azure's first names nobody."""
        if model := event.get("model"):
            self.model = str(model)
        self.usage = event.get("usage") or self.usage

    def _say(self, text: str) -> str:
        if not isinstance(text, str):
            raise TypeError(f"text that is {type(text).__name__}")  # JSON promises no types
        self._texts.append(text)
        return text

    def _lengthen(self, field: str, value: Any) -> None:
        """Strings and lists grow, anything else is replaced."""
        there = self.extras.get(field)
        grows = isinstance(value, str | list) and type(there) is type(value)
        self.extras[field] = there + value if grows else value
