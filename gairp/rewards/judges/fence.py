"""Walls around text that a judge must read and must not obey."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from hashlib import sha256
from itertools import count

# Marks that chat templates give a meaning: a server reads them as such wherever they stand.
_CONTROL = re.compile(
    r"<(?=[|｜])|(?<=[|｜])>|<(?=/?s>)|<(?=/?(?:start_of_turn|end_of_turn|bos|eos)>)|\[(?=/?INST\])"
    r"|<(?=</?SYS>>)|<(?=/?(?:think|tool_call|tool_response)>)",
    re.IGNORECASE,
)


def mark_for(texts: Iterable[str]) -> str:
    """Eight hexadecimal digits that occur in none of the texts.

    Since a mark that occurs is never taken, no text can close the fence that it stands in, even one
    whose author knows how marks are made. The same texts have the same mark: judging is repeatable.
    """
    whole = "\0".join(texts)
    for tried in count():
        digest = sha256(f"{tried}\0{whole}".encode("utf-8", "replace")).hexdigest()[:8]
        if digest not in whole:
            return digest
    raise AssertionError("a count has no end")


def fenced(name: str, text: str, mark: str) -> str:
    """The text between lines that bear its name and the mark, its control marks disarmed."""
    return f"[BEGIN {name} {mark}]\n{disarmed(text)}\n[END {name} {mark}]"


def quoted(text: str) -> str:
    """The text as a JSON string, its control marks disarmed: on one line, and no quote ends it."""
    return json.dumps(disarmed(text), ensure_ascii=False)


def disarmed(text: str) -> str:
    """The text with a space inside every mark of a chat template, such as `<|im_end|>`."""
    return _CONTROL.sub(lambda match: " >" if match.group() == ">" else match.group() + " ", text)
