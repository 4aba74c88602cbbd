"""The tokens of a prompt that survive trivial edits: case, spacing, punctuation."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

#: Scripts written without spaces: every character is a token of its own.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
#: Vowel signs and points, which Python's \w leaves out although they are parts of words.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0963\u0966-\u0dff"
_SYMBOLS = "+<=>|~\u00ac\u00b1\u00d7\u00f7\u2190-\u22ff\u27c0-\u27ef\u2980-\u2aff"
_PICTURES = "\u2300-\u23ff\u2600-\u27bf\U0001f000-\U0001faff"
_MONEY = "$\u00a2-\u00a5\u20a0-\u20cf"


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile(
        rf"\d+(?:[.,:]\d+)*"  # a number with its decimal point, thousands or minutes
        rf"|[{_UNSPACED}]"
        rf"|[^\W\d_{_UNSPACED}{_MARKS}](?:[^\W_{_UNSPACED}]|[{_MARKS}])*"
        rf"|[{_MARKS}]+"
        rf"|[{_SYMBOLS}{_PICTURES}]"
        # a hyphen joins words, next to a digit it is a minus
        r"|-(?=\s?\d)|(?<=\d)-|(?<=\d\s)-"
        # operators stand between operands, spaced alike on both sides; markdown does not
        r"|(?<=[\w)])[*/%^&]{1,2}(?=[\w(])|(?<=[\w)]\s)[*/%^&]{1,2}(?=\s[\w(])"
        rf"|[{_MONEY}](?=\s?\d)|(?<=\d)[{_MONEY}]|(?<=\d)%"
    )


def tokens(text: str) -> list[str]:
    """Words, numbers and operators of `text` in order; case, spacing, punctuation are gone.

    Kept, because they change the question: every number with its decimal point, the minus before
    or after a number, arithmetic and relation signs between operands, currency and per cent next
    to a number. A text without any token is one token, its own stripped self; "" has none.
    """
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\u2212", "-")
    return _pattern().findall(plain) or plain.split()


def is_number(token: str) -> bool:
    """Whether a token starts with a digit."""
    return token[0].isdigit()
