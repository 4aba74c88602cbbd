"""Where answers come from: an echo, a text, a book, a law of lengths, a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256
from importlib import import_module
from typing import Any

import msgspec

from gairp.backends.fake.answer import Answer
from gairp.backends.fake.ask import Ask
from gairp.backends.fake.laws import law
from gairp.errors import ConfigError

#: From the question to the answer, as text or whole.
AnswerScript = Callable[[Ask], Answer | str]
_TEXT = "river stone cloud lamp bread wheel glass field wind paper iron garden letter winter"
_WORDS = _TEXT.split()


def script(value: Any, *, key: str) -> AnswerScript:
    """A script from a function or from YAML; raises ConfigError.

    `echo`; `{text: …}`; `{words: LAW}` for that many words; `{book: {prompt or its sha256:
    answer}, otherwise: SCRIPT}`; `{tool: {name: …, arguments: {…}}}`; `{function: module:name}`.
    An answer is a text, or a map of the fields of `Answer`.
    """
    if callable(value):
        return value  # type: ignore[no-any-return]
    if value == "echo":
        return _echo
    if isinstance(value, Mapping) and value:
        name = next(iter(value))
        if name in _MAKERS and set(value) <= {name, *_MAKERS[name][1]}:
            return _MAKERS[name][0](value, key)
    raise ConfigError(f"{key}: {value!r} is no script; there are: echo, {', '.join(_MAKERS)}")


def _echo(ask: Ask) -> str:
    return ask.prompt


def _fixed(answer: Answer, ask: Ask) -> Answer:
    return answer


def _text(value: Mapping[str, Any], key: str) -> AnswerScript:
    return partial(_fixed, _answer(value["text"], f"{key}.text"))


def _words(value: Mapping[str, Any], key: str) -> AnswerScript:
    length = law(value["words"], key=f"{key}.words")

    def words(ask: Ask) -> str:
        count = round(length(ask.rng))
        start = int(ask.rng.random() * len(_WORDS))
        return " ".join([_WORDS[(start + 7 * i) % len(_WORDS)] for i in range(count)])

    return words


def _book(value: Mapping[str, Any], key: str) -> AnswerScript:
    answers = {str(k): _answer(v, f"{key}.book.{k}") for k, v in value["book"].items()}
    otherwise = script(value.get("otherwise", {"text": ""}), key=f"{key}.otherwise")

    def read(ask: Ask) -> Answer | str:
        found = answers.get(ask.prompt)
        if found is None:
            found = answers.get(sha256(ask.prompt.encode()).hexdigest())
        return otherwise(ask) if found is None else found

    return read


def _tool(value: Mapping[str, Any], key: str) -> AnswerScript:
    return partial(_fixed, _answer({"tool_calls": [value["tool"]]}, f"{key}.tool"))


def _function(value: Mapping[str, Any], key: str) -> AnswerScript:
    module, _, name = str(value["function"]).partition(":")
    try:
        return getattr(import_module(module), name)  # type: ignore[no-any-return]
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"{key}.function: {value['function']!r} is not there: {error}") from error


def _answer(value: Any, key: str) -> Answer:
    if isinstance(value, Answer):
        return value
    if isinstance(value, str):
        return Answer(text=value)
    try:
        return msgspec.convert(value, Answer)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{key}: {error}; write a text or the fields of an answer") from error


_MAKERS: dict[str, tuple[Callable[[Mapping[str, Any], str], AnswerScript], tuple[str, ...]]] = {
    "text": (_text, ()),
    "words": (_words, ()),
    "book": (_book, ("otherwise",)),
    "tool": (_tool, ()),
    "function": (_function, ()),
}
