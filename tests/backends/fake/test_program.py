"""Programs: scripts, laws of time, limits, chances."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from pathlib import Path
from statistics import fmean, median
from time import perf_counter
from typing import Any

import pytest

from gairp.backends.fake import FakeServer, ModelSpec, Program
from gairp.backends.fake.faults import KINDS
from gairp.backends.fake.laws import law
from gairp.backends.fake.tokens import words
from gairp.backends.fake.when import when
from gairp.errors import ConfigError
from gairp.rng import DecisionRng
from tests.backends.fake.raw import HELLO, Heard, ask, heard

YAML = """
seed: 7
models:
  small: {answer: {book: {"hello wide world": "hi"}, otherwise: {words: 3}}, slots: 2}
  "*": {}
faults:
  - {kind: reset_midstream, after_chunks: 2, when: every 5}
  - status_503
"""


def test_reads_yaml(tmp_path: Path) -> None:
    """As Python builds it."""
    path = tmp_path / "program.yaml"
    path.write_text(YAML)
    program = Program.read(path)
    assert (program.seed, program.models["small"].slots) == (7, 2)
    assert program.faults[0] == KINDS["reset_midstream"](after_chunks=2, when="every 5")  # type: ignore[call-arg]
    assert (program.faults[1].kind, program.faults[1].status) == ("status", 503)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("models: [", "cannot be read as YAML"),
        ("modells: {}", "unknown field `modells`"),
        ("- 1", "is no map"),
        ("faults: [{kind: slow_drip, every: 3}]", "unknown field `every` - at `\\$.faults"),
    ],
)
def test_names_the_file_of_a_wrong_program(text: str, says: str, tmp_path: Path) -> None:
    """And the key in it."""
    path = tmp_path / "program.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says) as caught:
        Program.read(path)
    assert str(path) in str(caught.value)


def said(answer: Any, prompt: str = "hello wide world", **body: Any) -> str:
    """What a model with this script answers."""
    messages = [{"role": "user", "content": prompt}]
    answer, _ = heard({"models": {"m": {"answer": answer}}}, {"messages": messages} | body)
    return str(answer.json["choices"][0]["message"]["content"])


def test_scripts() -> None:
    """An echo, a text, a book by prompt and by hash, a law of lengths, a function by name."""
    assert said("echo") == "hello wide world"
    assert said({"text": "fixed"}) == "fixed"
    digest = sha256(b"hello wide world").hexdigest()
    assert said({"book": {digest: "by hash"}}) == "by hash"
    book = {"book": {"hello wide world": {"text": "by prompt"}}, "otherwise": "echo"}
    assert (said(book), said(book, "other")) == ("by prompt", "other")
    assert said({"book": {"a": "b"}}) == ""
    assert len(said({"words": 12}).split()) == 12
    assert said({"function": "tests.backends.fake.test_program:shout"}) == "HELLO WIDE WORLD"


def shout(ask: Any) -> str:
    """A script that is found by its name."""
    return str(ask.prompt.upper())


def test_the_same_call_gets_the_same_words() -> None:
    """By its id, whatever came before; another seed gives others."""

    async def run(seed: int, before: int) -> bytes:
        async with FakeServer(
            {"seed": seed, "models": {"m": {"answer": {"words": {"uniform": [5, 50]}}}}}
        ) as server:
            for i in range(before):
                await ask(server, headers={"x-gairp-call": f"other{i}"})
            answer = await ask(server, headers={"x-gairp-call": "mine"})
        return str(answer.json["choices"][0]["message"]["content"]).encode()

    first = asyncio.run(run(1, 0))
    assert first == asyncio.run(run(1, 3))
    assert first != asyncio.run(run(2, 0))


@pytest.mark.parametrize(
    ("value", "mean", "middle"),
    [(2, 2, 2), ({"uniform": [1, 3]}, 2, 2), ({"exponential": 2}, 2, 1.386),
     ({"lognormal": [2, 0.5]}, 2.266, 2)],
)  # fmt: skip
def test_laws(value: Any, mean: float, middle: float) -> None:
    """Mean and median of 4,000 draws, known in closed form."""
    rng, drawn = DecisionRng(3, "laws"), law(value, key="k")
    numbers = [drawn(rng) for _ in range(4000)]
    assert fmean(numbers) == pytest.approx(mean, rel=0.05)
    assert median(numbers) == pytest.approx(middle, rel=0.06)


@pytest.mark.parametrize("value", ["fast", -1, True, {"uniform": [1]}, {"normal": 2}, {}])
def test_refuses_what_is_no_law(value: Any) -> None:
    """The key is named."""
    with pytest.raises(ConfigError, match=r"models\.m\.first_token_s"):
        law(value, key="models.m.first_token_s")


def test_when() -> None:
    """Which of ten calls are struck."""
    rng = DecisionRng(0, "when")
    struck = {
        text: [n for n in range(1, 11) if when(text).strikes(n, rng)]
        for text in ("always", "never", "first 2", "after 8", "every 4", "call 3")
    }
    assert struck == {
        "always": list(range(1, 11)), "never": [], "first 2": [1, 2], "after 8": [9, 10],
        "every 4": [4, 8], "call 3": [3],
    }  # fmt: skip
    hits = sum(when("probability 0.3").strikes(1, DecisionRng(0, str(i))) for i in range(2000))
    assert hits / 2000 == pytest.approx(0.3, abs=0.03)
    for text in ("sometimes", "first", "every 0", "call 1.5", "probability 2", "always 3"):
        with pytest.raises(ConfigError, match="says no rule"):
            when(text)


def test_words_are_tokens() -> None:
    """Joined they give the text again."""
    for text in ("", "a", "a b", " a\n b  ", "\n\n", "見る 🌍!"):
        assert "".join(words(text)) == text
    assert words("a  b\n") == ["a", "  b", "\n"]


def test_takes_its_time() -> None:
    """The first token, then one after the other; whole answers take as long."""
    model = {"answer": {"words": 5}, "first_token_s": 0.1, "per_token_s": 0.05}
    for body in ({}, {"stream": True}):
        start = perf_counter()
        heard({"models": {"m": model}}, body, quiet_s=1.0)
        assert 0.3 <= perf_counter() - start < 10.0


def together(spec: dict[str, Any], count: int) -> tuple[list[Heard], float]:
    """`count` calls at the same time, and how long they took."""

    async def run() -> tuple[list[Heard], float]:
        async with FakeServer({"models": {"m": spec}}) as server:
            start = perf_counter()
            answers = await asyncio.gather(*[ask(server, quiet_s=2.0) for _ in range(count)])
            return answers, perf_counter() - start

    return asyncio.run(run())


def test_slots_and_queue() -> None:
    """One after the other; whoever finds the queue full is sent away."""
    answers, took = together({"first_token_s": 0.1, "slots": 1}, 3)
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert took >= 0.3
    answers, _ = together({"first_token_s": 0.1, "slots": 1, "max_queue": 1}, 4)
    assert sorted(answer.status for answer in answers) == [200, 200, 503, 503]


def test_slows_down_under_load() -> None:
    """Four at once take (1 + 3 · 0.5) times as long as one, at most."""
    _, alone = together({"first_token_s": 0.1, "slowdown": 0.5}, 1)
    _, crowd = together({"first_token_s": 0.1, "slowdown": 0.5}, 4)
    assert 0.1 <= alone < 0.2
    assert 0.25 <= crowd < 0.4


def test_requests_a_minute() -> None:
    """The third of two is told when to come back."""

    async def run() -> list[Heard]:
        async with FakeServer({"models": {"m": {"requests_per_minute": 2}}}) as server:
            return [await ask(server) for _ in range(3)]

    answers = asyncio.run(run())
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert b"Retry-After: 60" in answers[-1].head


def test_max_context() -> None:
    """Prompt and answer together, as OpenAI counts them."""
    program = {"models": {"m": {"max_context": 5}}}
    assert heard(program, {"max_tokens": 2})[0].status == 200
    answer, call = heard(program, {"max_tokens": 3})
    assert answer.json["error"]["message"].startswith(
        "This model's maximum context length is 5 tokens. However, you requested 6 tokens "
        "(3 in the messages, 3 in the completion)."
    )
    assert (call.status, call.billed_input) == (400, 0)


def test_unknown_models() -> None:
    """Only those that are listed, unless there is a star."""
    assert heard({"models": {"a": {}}})[0].status == 404
    answer, _ = heard(Program(models={"a": ModelSpec(), "*": ModelSpec()}))
    assert answer.json["model"] == "m"
    renamed, _ = heard({"models": {"m": {"answers_as": "m-2026", "cached_tokens": 2}}})
    assert renamed.json["model"] == "m-2026"
    assert renamed.json["usage"]["prompt_tokens_details"]["cached_tokens"] == 2


def test_contents_in_parts() -> None:
    """The text of all parts counts; other parts are passed over."""
    parts = [
        {"type": "text", "text": "two words"},
        {"type": "image_url", "image_url": {"url": "x"}},
    ]
    answer, call = heard({}, {"messages": [*HELLO, {"role": "user", "content": parts}]})
    assert answer.json["choices"][0]["message"]["content"] == "two words"
    assert call.billed_input == 5
