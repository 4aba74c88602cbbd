"""What a call can cost at most, known before it is made and without the model's tokenizer.

A byte-level BPE starts from the UTF-8 bytes of a text and only ever merges; a sentencepiece model
with byte fallback spends at most a token a byte on what it does not know. So a text has no more
tokens than bytes, for either. Two things come on top:

- A tokenizer may normalise first, and NFC (Qwen) or NFKC can make a text longer, up to 11 times
  for U+FDFA. The longest of the text and these two forms is counted.
- A server renders the conversation with a template: markers, role names, a system prompt of its
  own, tools as JSON. `Overhead` declares how much that may be; it is far above what is known.

The bound is loose on purpose (plain English has some four bytes a token): it decides what is
reserved for a second or two, not what is paid.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from gairp.errors import ConfigError, PriceError
from gairp.pricing.price import Price

#: OpenAI's high-detail image is scaled to 768 by 2,048 pixels at most, which is 8 tiles: 85 +
#: 8 · 170 = 1,445 tokens with gpt-4o, 2,833 + 8 · 5,667 = 48,169 with gpt-4o-mini, the most of
#: any model that counts so; those that count patches stay below. The dearest is the default.
_IMAGE = 2_833 + 8 * 5_667
#: An hour of speech at the ten tokens a second that OpenAI counts.
_AUDIO = 36_000

_PLAIN = frozenset({"text", "input_text", "output_text", "refusal"})
#: Templates (Llama 3.1's) write what these say as a JSON string, every quote escaped.
_QUOTED = frozenset({"tool", "function"})
_HTML = "<>&'"  # a template's tojson may write these as \u003c and so on, five bytes more
# One float multiplication and two additions may each round down what the bill rounds up.
_ROUNDING = 1.0 + 2.0**-48


_PARTS = {
    "image_url": _IMAGE,
    "input_image": _IMAGE,
    "image": _IMAGE,
    "input_audio": _AUDIO,
    "audio": _AUDIO,
}


class Overhead(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens, at most, that a server adds to what it is sent; `parts` is by the part's type.

    Known: ChatML, Llama 3 and Gemma add 4 to 6 a message, Qwen wraps a tool's result in 20 and
    has a system prompt of 20, Llama 3.1 one with dates of 25; Qwen introduces tools in some 150,
    Anthropic in 159 to 530 with Claude 3. Declare a bound in `parts` before sending what is not
    listed: a file, say, of which no bound can be known from its name.
    """

    conversation: int = 256
    message: int = 32
    part: int = 8
    tools: int = 1024  #: once, where there are any
    tool: int = 64  #: for each, beyond its JSON
    parts: Mapping[str, int] = MappingProxyType(_PARTS)


OVERHEAD = Overhead()


def prompt_tokens_bound(
    messages: Sequence[Mapping[str, Any]],
    tools: Sequence[Mapping[str, Any]] | None = None,
    *,
    extra: Any = None,
    overhead: Overhead = OVERHEAD,
) -> int:
    """No fewer tokens than the prompt has, whatever the tokenizer; see the module.

    `messages` are what is sent, after any recipe. `extra` is whatever else of the body may reach
    the prompt, such as response_format. Raises PriceError for a part of a message (a file, a
    video) without a declared bound.
    """
    bound = overhead.conversation + sum(
        _message(i, message, overhead) for i, message in enumerate(messages)
    )
    if tools:
        bound += overhead.tools + sum(overhead.tool + _json(tool) for tool in tools)
    if extra is not None:
        bound += overhead.tool + _json(extra)
    return bound


def call_bound(
    price: Price,
    messages: Sequence[Mapping[str, Any]],
    max_tokens: int | None,
    n: int = 1,
    *,
    tools: Sequence[Mapping[str, Any]] | None = None,
    extra: Any = None,
    context_window: int | None = None,
    overhead: Overhead = OVERHEAD,
) -> tuple[float, int]:
    """(USD, tokens in and out) that a call with `n` choices can be billed at most.

    The prompt counts once, as servers bill it, and no part of it as cached. A prompt or an answer
    cannot exceed `context_window`, where that is given; it must be where `max_tokens` is None,
    since nothing else then limits the answer: ConfigError. Holds for every server that honours
    max_tokens. Surcharges that `price` does not know (writing a cache, audio at a price of its
    own) are not in it: list such a model at its dearest price.
    """
    if max_tokens is None and context_window is None:
        raise ConfigError(
            f"a call to {price.model!r} has neither max_tokens nor a context window, so nothing "
            "bounds its cost; set max_tokens in the request or the recipe, or the arm's "
            "context_window"
        )
    asked = prompt_tokens_bound(messages, tools, extra=extra, overhead=overhead)
    answer = _at_most(max_tokens, context_window)
    prompt, answers = _at_most(asked, context_window), n * answer
    dearest = max(price.input_usd_per_mtok, price.cached_input_usd_per_mtok or 0.0)
    usd = (prompt * dearest + answers * price.output_usd_per_mtok) * 1e-6
    return usd * _ROUNDING, prompt + answers


def text_tokens_bound(text: str) -> int:
    """UTF-8 bytes of the longest of the text, its NFC and its NFKC."""
    if text.isascii():
        return len(text)
    forms = (text, *(unicodedata.normalize(form, text) for form in ("NFC", "NFKC")))
    return max(len(form.encode("utf-8", "surrogatepass")) for form in forms)


def _message(index: int, message: Mapping[str, Any], overhead: Overhead) -> int:
    bound = overhead.message
    for key, value in message.items():
        if key == "content" and isinstance(value, list | tuple):
            bound += sum(_part(index, i, part, overhead) for i, part in enumerate(value))
        elif key == "audio" and value:
            bound += overhead.parts.get("audio", _AUDIO)
        elif key == "content" and isinstance(value, str) and message.get("role") in _QUOTED:
            bound += _written(value)
        elif isinstance(value, str):
            bound += text_tokens_bound(value) + (0 if key in ("role", "content") else len(key) + 8)
        elif value is not None:
            bound += _json({key: value})
    return bound


def _part(index: int, place: int, part: Any, overhead: Overhead) -> int:
    if not isinstance(part, Mapping):
        return overhead.part + _json(part)
    kind = str(part.get("type", "text"))
    if kind in overhead.parts:
        return overhead.part + overhead.parts[kind]
    if kind in _PLAIN:
        # Besides its text a part may carry what a server is free to render: annotations, a title.
        texts = [value for value in part.values() if isinstance(value, str)]
        others = {key: value for key, value in part.items() if not isinstance(value, str)}
        return overhead.part + sum(map(text_tokens_bound, texts)) + _json(others)
    raise PriceError(
        f"message {index}, part {place} is of type {kind!r}, and nobody has declared how many "
        f"tokens it has at most; set it in Overhead.parts (there are: {', '.join(overhead.parts)})"
    )


def _json(value: Any) -> int:
    """Bytes of a value as a template may write it: indented, escaped, strings of JSON opened."""
    return max(_written(value), _written(_opened(value)))


def _written(value: Any) -> int:
    escaped = json.dumps(value, indent=4, default=str)
    plain = json.dumps(value, indent=4, default=str, ensure_ascii=False)
    html = 5 * sum(escaped.count(mark) for mark in _HTML)
    return max(len(escaped), text_tokens_bound(plain)) + html


def _opened(value: Any) -> Any:
    """The value with JSON objects that hide in strings, as a tool call's arguments, in clear."""
    if isinstance(value, Mapping):
        return {key: _opened(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_opened(inner) for inner in value]
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _at_most(count: int | None, window: int | None) -> int:
    return min(x for x in (count, window) if x is not None)
