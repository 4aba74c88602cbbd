"""How an arm asks its model: plainly, with worked examples, or reasoning before it answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import msgspec

from gairp.backends.chat import Chat, Message, Reply
from gairp.traces.tasks import Task

_VERIFY = "Is that answer correct? Reply with yes or no only."


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a recipe made of its calls: `final` is graded, `text` is all that was generated."""

    text: str
    final: str
    calls: tuple[Reply, ...]
    conversation: tuple[Message, ...]

    @property
    def ttft_s(self) -> float:
        """Seconds until the first token of the final answer, earlier calls included."""
        return sum(call.latency_s for call in self.calls[:-1]) + self.calls[-1].ttft_s


class Recipe(ABC):
    """One way of asking; `system` is the first message of every conversation."""

    system: str

    @abstractmethod
    def answer(self, chat: Chat, task: Task) -> Answer:
        """The arm's own answer, greedy, with no help from an earlier call's cache."""

    @abstractmethod
    def sample(
        self, chat: Chat, task: Task, *, count: int, temperature: float, seed: int
    ) -> tuple[list[str], list[Reply]]:
        """`count` sampled final answers, and every call that was made for them."""

    def verify(self, chat: Chat, answer: Answer) -> Reply:
        """One token of the same model's opinion of its own answer."""
        messages = [*answer.conversation, Message(role="user", content=_VERIFY)]
        return chat.chat(messages, max_tokens=1, cache=True)


class Plain(Recipe):
    """The question as the user typed it."""

    def __init__(self, *, system: str = "Answer briefly.") -> None:
        self.system = system

    def _messages(self, task: Task) -> list[Message]:
        return [_system(self.system), Message(role="user", content=task.prompt)]

    def answer(self, chat: Chat, task: Task) -> Answer:
        """One call."""
        messages = self._messages(task)
        reply = chat.chat(messages, max_tokens=task.max_tokens)
        return Answer(
            text=reply.text,
            final=reply.text,
            calls=(reply,),
            conversation=(*messages, Message(role="assistant", content=reply.text)),
        )

    def sample(
        self, chat: Chat, task: Task, *, count: int, temperature: float, seed: int
    ) -> tuple[list[str], list[Reply]]:
        """One batched call."""
        replies = chat.sample(
            self._messages(task), count=count, max_tokens=task.max_tokens,
            temperature=temperature, seed=seed,
        )  # fmt: skip
        return [reply.text for reply in replies], replies


class FewShot(Plain):
    """The task's worked examples first, as earlier turns of the conversation."""

    def __init__(self, *, shots: int = 4, system: str = "Answer briefly.") -> None:
        super().__init__(system=system)
        self.shots = shots

    def _messages(self, task: Task) -> list[Message]:
        messages = [_system(self.system)]
        for shot in task.shots[: self.shots]:
            messages.append(Message(role="user", content=shot.prompt))
            messages.append(Message(role="assistant", content=shot.answer))
        return [*messages, Message(role="user", content=task.prompt)]


class Reason(Recipe):
    """The working first, then the answer after a marker; asked again where that is missing."""

    def __init__(
        self,
        *,
        max_tokens: int = 56,
        system: str = "You solve problems step by step, in few words.",
        ask: str = "First write the working in one short line. Then write 'Answer:' and",
        marker: str = "Answer:",
    ) -> None:
        self.max_tokens, self.system, self.ask, self.marker = max_tokens, system, ask, marker

    def _opening(self, task: Task) -> list[Message]:
        ask = f"{task.question}\n{self.ask} {task.hint}."
        return [_system(self.system), Message(role="user", content=ask)]

    def _finish(self, chat: Chat, task: Task, thought: Reply) -> Answer:
        opening = self._opening(task)
        said = Message(role="assistant", content=thought.text)
        final = thought.text.rpartition(self.marker)[2].strip()
        if self.marker in thought.text and final:
            return Answer(
                text=thought.text, final=final, calls=(thought,), conversation=(*opening, said)
            )
        closing = Message(
            role="user", content=f"So what is the answer? Reply with {task.hint} only."
        )
        reply = chat.chat([*opening, said, closing], max_tokens=task.max_tokens, cache=True)
        return Answer(
            text=f"{thought.text}\n{reply.text}",
            final=reply.text,
            calls=(thought, reply),
            conversation=(
                *opening, said, closing, Message(role="assistant", content=reply.text)
            ),
        )  # fmt: skip

    def answer(self, chat: Chat, task: Task) -> Answer:
        """One call, or two; the second continues the first, so the server reuses its prefix."""
        return self._finish(chat, task, chat.chat(self._opening(task), max_tokens=self.max_tokens))

    def sample(
        self, chat: Chat, task: Task, *, count: int, temperature: float, seed: int
    ) -> tuple[list[str], list[Reply]]:
        """Workings sampled in one batch, then each one's answer, greedy where asked again."""
        thoughts = chat.sample(
            self._opening(task), count=count, max_tokens=self.max_tokens,
            temperature=temperature, seed=seed,
        )  # fmt: skip
        answers = [self._finish(chat, task, thought) for thought in thoughts]
        return [answer.final for answer in answers], [c for a in answers for c in a.calls]


def _system(text: str) -> Message:
    return Message(role="system", content=text)


def total(calls: Sequence[Reply], name: str) -> float:
    """The sum of one numeric field over calls."""
    return float(sum(getattr(call, name) for call in calls))
