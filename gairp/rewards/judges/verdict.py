"""The one word that counts in a judge's reply."""

from __future__ import annotations

import re
from collections.abc import Sequence

_DRESS = " \t*_`'\"“”‘’[](){}<>#-"


def read_verdict(reply: str, labels: Sequence[str], marker: str = "Verdict") -> str | None:
    """The label that the reply settles on, or None where it cannot be read without guessing.

    What follows the last `marker` and a colon decides, whatever stood before: a judge that thinks
    aloud names several labels, and one that quotes the answer may quote a planted verdict. A reply
    without a marker must begin with a label. In either case the label must come first in its line,
    so that "not correct" is no "correct", and no other label may stand in that line.
    """
    found = list(re.finditer(rf"(?<!\w){re.escape(marker)}[*_`]*\s*[:=]", reply, re.IGNORECASE))
    rest = reply[found[-1].end() :] if found else reply
    line = next((line for line in rest.splitlines() if line.strip(_DRESS)), "").strip(_DRESS)
    named = [label for label in labels if _named(label, line)]
    if len(named) != 1 or not re.match(_word(named[0]), line, re.IGNORECASE):
        return None
    return named[0]


def _named(label: str, line: str) -> bool:
    return re.search(_word(label), line, re.IGNORECASE) is not None


def _word(label: str) -> str:
    return rf"(?<!\w){re.escape(label)}(?!\w)"
