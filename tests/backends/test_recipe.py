"""What each recipe asks, and what it makes of the replies."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gairp.backends.chat import Message
from gairp.backends.fake import FakeChat
from gairp.backends.recipe import FewShot, Plain, Reason, total
from gairp.traces.tasks import Shot, Task

TASK = Task(
    id="t-0",
    family="t",
    difficulty=1,
    question="What is 2 + 2?",
    hint="the number",
    answer="4",
    grader="number",
    max_tokens=5,
    shots=tuple(Shot(prompt=f"q{i}", answer=f"a{i}") for i in range(4)),
)


def says(text: str) -> FakeChat:
    return FakeChat(lambda messages, seed: text)


def roles(messages: Sequence[Message]) -> list[str]:
    return [message["role"] for message in messages]


def test_plain_asks_once_in_the_users_words() -> None:
    chat = says("4 .")
    answer = Plain(system="S").answer(chat, TASK)
    assert chat.calls == [
        (
            {"role": "system", "content": "S"},
            {"role": "user", "content": "What is 2 + 2?\nAnswer with the number only."},
        )
    ]
    assert (answer.text, answer.final) == ("4 .", "4 .")
    assert answer.ttft_s == 0.5
    assert total(answer.calls, "latency_s") == 1.0


def test_few_shot_puts_examples_first() -> None:
    chat = says("4")
    FewShot(shots=2).answer(chat, TASK)
    contents = [message["content"] for message in chat.calls[0][1:]]
    assert contents == ["q0", "a0", "q1", "a1", TASK.prompt]


def test_reason_takes_what_follows_the_marker() -> None:
    answer = Reason().answer(says("2 + 2 makes 4 Answer: 4"), TASK)
    assert (answer.final, len(answer.calls)) == ("4", 1)


def test_reason_asks_again_without_a_marker() -> None:
    chat = FakeChat(lambda messages, seed: "4" if len(messages) == 4 else "two and two")
    answer = Reason().answer(chat, TASK)
    assert (answer.text, answer.final) == ("two and two\n4", "4")
    assert roles(chat.calls[1]) == ["system", "user", "assistant", "user"]
    assert answer.ttft_s == 1.5 + 0.5  # the whole first call, then the second's first token


def test_samples_are_answered_one_by_one() -> None:
    chat = FakeChat(lambda messages, seed: f"Answer: {seed}")
    finals, calls = Reason().sample(chat, TASK, count=3, temperature=0.7, seed=0)
    assert finals == ["1", "2", "3"]
    assert total(calls, "output_tokens") == 6


@pytest.mark.parametrize("recipe", [Plain(), FewShot(), Reason()])
def test_verification_continues_the_conversation(recipe: Plain | Reason) -> None:
    chat = says("Answer: 4")
    answer = recipe.answer(chat, TASK)
    reply = recipe.verify(chat, answer)
    assert chat.calls[-1][:-1] == answer.conversation
    assert chat.calls[-1][-1]["content"].startswith("Is that answer correct?")
    assert reply.output_tokens == 1
