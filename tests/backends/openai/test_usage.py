"""Reports of usage are believed where they can be, and counted again where not."""

from __future__ import annotations

import math
from typing import Any

import pytest

from gairp.backends.openai import usage as module
from gairp.backends.openai.usage import Recount, Reported, partial, read_usage, settled
from gairp.pricing.tokens import count_tokens
from gairp.types import Usage

PROMPT = "Name the capital of France, and say in which of its regions that city lies. " * 3
ANSWER = "The capital of France is Paris, and it lies in the region Île-de-France. " * 3
PLAIN = ANSWER.replace("Î", "I")
IN = count_tokens(PROMPT, "o200k_base") + 7
OUT = count_tokens(ANSWER, "o200k_base")


def recount(answer: str = ANSWER, prompt: Any = PROMPT, **fields: Any) -> Recount:
    body = {"messages": [{"role": "user", "content": prompt}], "max_tokens": 500, **fields}
    return Recount(body, answer, "o200k_base")


def chat(given: Any, made: Any, **fields: Any) -> Reported:
    return read_usage({"prompt_tokens": given, "completion_tokens": made, **fields})


def test_both_wires_are_read() -> None:
    details = {"cached_tokens": 4}
    assert chat(10, 5, total_tokens=15, prompt_tokens_details=details, cost=0.25) == Reported(
        input=10, output=5, said=5, cached=4, cost_usd=0.25
    )
    raw = {"input_tokens": 10, "output_tokens": 5, "input_tokens_details": details}
    thought = {"output_tokens_details": {"reasoning_tokens": 3}}
    read = read_usage({**raw, **thought})
    assert (read.input, read.output, read.cached, read.thought) == (10, 5, 4, True)


def test_thoughts_that_only_the_total_tells_are_output() -> None:
    read = chat(IN, 98, total_tokens=IN + 503)
    assert (read.output, read.said, read.thought) == (503, 98, True)
    assert settled(read, recount("four words " * 40)).output_tokens == 503


@pytest.mark.parametrize("raw", [None, [], "many", {}, {"prompt_tokens": "9"}])
def test_no_report_is_counted(raw: Any) -> None:
    found = settled(read_usage(raw), recount())
    assert (found.input_tokens, found.output_tokens, found.source) == (IN, OUT, "recounted")
    assert math.isnan(found.reported_input)
    assert math.isnan(found.reported_output)


@pytest.mark.parametrize(
    ("given", "made", "good"),
    [
        (IN, OUT, True),
        (2 * IN, 2 * OUT, True),
        (IN // 2, OUT // 2, True),
        (IN + 900, OUT, True),  # a server's own system prompt
        (IN, -5, False),
        (-1, OUT, False),
        (IN, 0, False),
        (0, OUT, False),
        (IN, 6.5, False),
        (IN, math.inf, False),
        (IN, True, False),
        (IN, None, False),
        (IN, 4 * OUT + 40, False),
        (IN, 10**9, False),
        (10**6, OUT, False),
    ],
)
def test_reports_are_weighed(given: Any, made: Any, good: bool) -> None:
    found = settled(chat(given, made), recount())
    if good:
        assert found == Usage(input_tokens=given, output_tokens=made)
    else:
        assert found.source == "recounted"
        assert found.output_tokens == (OUT if made != OUT else made)
        assert found.input_tokens == (IN if given != IN else given)
        told = [math.nan if x is None or x is True else float(x) for x in (given, made)]
        assert [found.reported_input, found.reported_output] == pytest.approx(told, nan_ok=True)


def test_too_little_is_not_believed() -> None:
    long = recount("word " * 1000, "word " * 1000)
    found = settled(chat(150, 150), long)
    assert (found.input_tokens, found.output_tokens) == (long.input(), long.output())
    assert found.output_tokens >= 1000


def test_plain_text_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(module, "count_tokens")
    assert settled(chat(IN, OUT), recount(PLAIN)).source == "reported"


def test_hidden_thoughts_are_bounded_by_the_limit() -> None:
    thought = {"completion_tokens_details": {"reasoning_tokens": 400}}
    assert settled(chat(IN, 450, **thought), recount("four")).output_tokens == 450
    assert settled(chat(IN, 600, **thought), recount("four")).output_tokens == 1
    assert settled(chat(IN, 450), recount("four")).source == "recounted"
    assert settled(chat(IN, 450), recount("four"), thought=True).source == "reported"
    assert settled(chat(IN, 450), recount("four", reasoning_effort="low")).source == "reported"


def test_several_choices_are_several_answers() -> None:
    assert settled(chat(IN, 10 * OUT), recount(n=3)).source == "reported"
    assert settled(chat(IN, 10 * OUT), recount()).source == "recounted"


def test_an_empty_answer_may_cost_nothing() -> None:
    found = settled(chat(IN, 0), recount(""))
    assert (found.output_tokens, found.source) == (0, "reported")
    assert settled(chat(IN, 3), recount("")).output_tokens == 3


def test_images_may_cost_anything() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:,"}}
    parts = [{"type": "text", "text": PROMPT}, image]
    assert settled(chat(50_000, OUT), recount(prompt=parts)).input_tokens == 50_000
    assert settled(chat(2, OUT), recount(prompt="many words " * 90 + PROMPT)).source == "recounted"


def test_cached_tokens_are_a_part_of_the_input() -> None:
    def cached(count: Any, given: Any = IN) -> float:
        report = chat(given, OUT, prompt_tokens_details={"cached_tokens": count})
        return settled(report, recount()).cached_tokens

    assert [cached(4), cached(10**6), cached(-1), cached(None)] == [4, IN, 0, 0]
    assert cached(4, -7) == 0


def test_a_broken_answer_is_counted() -> None:
    found = partial(chat(3, 9), recount("The capital of"))
    assert found == Usage(
        input_tokens=IN, output_tokens=3, source="partial", reported_input=3, reported_output=9
    )


def test_tools_and_calls_are_part_of_the_prompt() -> None:
    tools = [{"type": "function", "function": {"name": "sum", "description": "Adds. " * 50}}]
    assert recount(tools=tools).input() > recount().input() + 90
    call = {"role": "assistant", "content": None, "tool_calls": [{"x": "word " * 50}]}
    body = {"messages": [call]}
    assert Recount(body, "", "o200k_base").input() > 50


def test_halves_of_surrogate_pairs_can_be_counted() -> None:
    assert recount("\ud83d").output() >= 1
