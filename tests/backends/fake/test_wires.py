"""The four wires, read by OpenAI's own client."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from math import sqrt
from typing import Any

import pytest

from gairp.backends.fake import Answer, Ask, FakeServer
from gairp.backends.fake.ledger import Call
from tests.backends.fake.raw import HELLO, TEXT

ADD = {
    "name": "add",
    "parameters": {
        "type": "object",
        "properties": {
            "to": {"type": "integer"},
            "unit": {"enum": ["mm", "cm"]},
            "why": {"type": "string"},
            "all": {"type": "array", "items": {"type": "number"}, "minItems": 2},
        },
    },
}


def talk(
    work: Callable[[Any], Awaitable[Any]], program: Mapping[str, Any] | None = None
) -> tuple[Any, Call]:
    """What the work makes of a client, and the server's last call."""

    async def run() -> tuple[Any, Call]:
        from openai import AsyncOpenAI

        plain = {"models": {"m": {"answer": {"text": TEXT}}}}
        async with (
            FakeServer(program or plain) as server,
            AsyncOpenAI(base_url=server.base_url, api_key="k", max_retries=0) as client,
        ):
            found = await work(client)
        return found, server.ledger.calls()[-1]

    return asyncio.run(run())


async def collect(stream: Any) -> list[Any]:
    """The events of a stream."""
    return [event async for event in await stream]


def test_chat() -> None:
    """Whole: text, usage, model."""
    answer, call = talk(lambda c: c.chat.completions.create(model="m", messages=HELLO))
    assert answer.choices[0].message.content == TEXT
    assert (answer.choices[0].finish_reason, answer.model) == ("stop", "m")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (3, 6)
    assert (call.billed_input, call.billed_output, call.ended) == (3, 6, "answered")


def test_chat_streamed() -> None:
    """A role, a word an event, the reason; usage only where asked for."""
    create: dict[str, Any] = {"model": "m", "messages": HELLO, "stream": True}
    events, _ = talk(lambda c: collect(c.chat.completions.create(**create)))
    assert events[0].choices[0].delta.role == "assistant"
    texts = [e.choices[0].delta.content for e in events[1:-1]]
    assert texts == ["one", " two", " three", " four", " five", " six"]
    assert events[-1].choices[0].finish_reason == "stop"
    assert [e.usage for e in events if e.usage] == []
    asked = create | {"stream_options": {"include_usage": True}, "max_tokens": 2}
    events, call = talk(lambda c: collect(c.chat.completions.create(**asked)))
    assert events[-2].choices[0].finish_reason == "length"
    assert (events[-1].choices, events[-1].usage.total_tokens) == ([], 5)
    assert call.billed_output == 2


def test_text_completions() -> None:
    """Whole with log-probabilities, and streamed."""
    answer, _ = talk(lambda c: c.completions.create(model="m", prompt="a b", logprobs=1))
    assert answer.choices[0].text == TEXT
    logprobs = answer.choices[0].logprobs
    assert logprobs.tokens[:2] == ["one", " two"]
    assert logprobs.text_offset == [0, 3, 7, 13, 18, 23]
    assert all(-1 < value <= 0 for value in logprobs.token_logprobs)
    events, call = talk(lambda c: collect(c.completions.create(model="m", prompt="a", stream=True)))
    assert "".join(e.choices[0].text for e in events) == TEXT
    assert (call.billed_input, call.billed_output) == (1, 6)


def test_responses() -> None:
    """Whole, cut by the limit of length."""
    answer, call = talk(
        lambda c: c.responses.create(model="m", input="a b", instructions="c", max_output_tokens=4)
    )
    assert answer.output_text == "one two three four"
    assert (answer.status, answer.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (3, 4)
    assert (call.billed_input, call.billed_output) == (3, 4)


def test_responses_streamed() -> None:
    """Events in OpenAI's order, numbered without a gap."""
    events, call = talk(lambda c: collect(c.responses.create(model="m", input="a", stream=True)))
    kinds = [event.type.removeprefix("response.") for event in events]
    assert kinds == [
        "created", "in_progress", "output_item.added", "content_part.added",
        *["output_text.delta"] * 6,
        "output_text.done", "content_part.done", "output_item.done", "completed",
    ]  # fmt: skip
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == TEXT
    assert events[-1].response.output_text == TEXT
    assert events[-1].response.usage.output_tokens == call.billed_output == 6


def test_embeddings() -> None:
    """Unit vectors that depend on the text alone, of the length asked for."""
    answer, call = talk(
        lambda c: c.embeddings.create(model="m", input=["a b", "c", "a b"], dimensions=5)
    )
    first, second, third = (item.embedding for item in answer.data)
    assert first == third != second
    assert [len(first), sqrt(sum(x * x for x in second))] == pytest.approx([5, 1])
    assert answer.usage.prompt_tokens == call.billed_input == 5
    assert call.billed_output == 0


def test_models() -> None:
    """Those of the program."""

    async def names(client: Any) -> list[str]:
        await client.chat.completions.create(model="b", messages=HELLO)
        return [model.id async for model in client.models.list()]

    assert talk(names, {"models": {"a": {}, "b": {}}})[0] == ["a", "b"]


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "add"}}])
def test_a_tool_that_must_be_called(choice: Any) -> None:
    """Its arguments fit its schema."""
    tools = [{"type": "function", "function": ADD}]
    answer, call = talk(
        lambda c: c.chat.completions.create(
            model="m", messages=HELLO, tools=tools, tool_choice=choice
        )
    )
    (made,) = answer.choices[0].message.tool_calls
    assert made.function.name == "add"
    expected = '{"to":0,"unit":"mm","why":"one two three four five six","all":[0.0,0.0]}'
    assert made.function.arguments == expected
    assert (answer.choices[0].finish_reason, call.billed_output) == ("tool_calls", 5)


def test_tools_of_a_script() -> None:
    """Called over both wires, whole and streamed."""
    program = {"models": {"m": {"answer": {"tool": {"name": "add", "arguments": {"to": 2}}}}}}
    create: dict[str, Any] = {"model": "m", "messages": HELLO, "stream": True}
    events, _ = talk(lambda c: collect(c.chat.completions.create(**create)), program)
    (made,) = [e.choices[0].delta.tool_calls for e in events if e.choices[0].delta.tool_calls]
    assert (made[0].function.name, made[0].function.arguments) == ("add", '{"to":2}')
    answer, _ = talk(lambda c: c.responses.create(model="m", input="a"), program)
    (item,) = answer.output
    assert (item.type, item.name, item.arguments) == ("function_call", "add", '{"to":2}')
    events, _ = talk(
        lambda c: collect(c.responses.create(model="m", input="a", stream=True)), program
    )
    deltas = [e.delta for e in events if e.type == "response.function_call_arguments.delta"]
    assert deltas == ['{"to":2}']


def test_json() -> None:
    """Of a schema, or any; an answer that is an object stays."""
    schema = {"type": "object", "properties": {"why": {"type": "string"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "s", "schema": schema}}

    def answered(form: Any, program: Any = None) -> str:
        answer, _ = talk(
            lambda c: c.chat.completions.create(model="m", messages=HELLO, response_format=form),
            program,
        )
        return str(answer.choices[0].message.content)

    assert answered(wanted) == f'{{"why":"{TEXT}"}}'
    assert answered({"type": "json_object"}) == f'{{"answer":"{TEXT}"}}'
    ready = {"models": {"m": {"answer": {"text": '{"a": 1}'}}}}
    assert answered({"type": "json_object"}, ready) == '{"a": 1}'


def test_logprobs() -> None:
    """The same for the same token, whole and streamed; the token is its likeliest candidate."""
    asked: dict[str, Any] = {"model": "m", "messages": HELLO, "logprobs": True, "top_logprobs": 2}
    whole, _ = talk(lambda c: c.chat.completions.create(**asked))
    tokens = whole.choices[0].logprobs.content
    assert [token.token for token in tokens][:2] == ["one", " two"]
    assert all(len(token.top_logprobs) == 2 for token in tokens)
    assert all(token.top_logprobs[0].token == token.token for token in tokens)
    events, _ = talk(lambda c: collect(c.chat.completions.create(**asked, stream=True)))
    streamed = [e.choices[0].logprobs.content[0] for e in events if e.choices[0].logprobs]
    assert streamed == tokens


def test_a_function_answers() -> None:
    """It sees the question, and may set what else there is."""

    def answer(ask: Ask) -> Answer:
        return Answer(text=f"{ask.model} heard {ask.prompt}", input_tokens=70, output_tokens=30)

    made, call = talk(
        lambda c: c.chat.completions.create(model="m", messages=HELLO),
        {"models": {"m": {"answer": answer}}},
    )
    assert made.choices[0].message.content == "m heard hello wide world"
    assert made.usage.total_tokens == call.billed_input + call.billed_output == 100


def test_what_is_missing_is_named() -> None:
    """A request without messages, a body that is no JSON, a path that is not there."""
    from openai import BadRequestError, NotFoundError

    with pytest.raises(BadRequestError, match="Missing required parameter: 'messages'"):
        talk(lambda c: c.chat.completions.create(model="m", messages=[]))
    with pytest.raises(BadRequestError, match="Missing required parameter: 'messages'"):
        talk(lambda c: c.post("/chat/completions", cast_to=object, content=b"{"))
    with pytest.raises(NotFoundError, match="Unknown request URL: POST /v1/nothing"):
        talk(lambda c: c.post("/nothing", cast_to=object, body={}))
