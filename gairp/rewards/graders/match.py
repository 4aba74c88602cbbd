"""The answer as a text, equal or contained, after as much normalisation as you choose."""

from __future__ import annotations

import re
import unicodedata
from typing import ClassVar, Literal, get_args

from gairp.errors import ConfigError
from gairp.rewards.graders.base import TextGrader, first_line

Part = Literal["all", "first_line", "last_line"]
Place = Literal["equal", "begin", "end", "anywhere"]

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")


class Match(TextGrader):
    """Compares a part of the response with the answer.

    `part` is what is read: the whole response, or its first or last line that says something.
    `place` is where the answer must stand in it; except for `equal` it must stand there as whole
    words. The other arguments are what does not matter: case, punctuation, English articles
    (together the normal form of SQuAD: Rajpurkar et al. 2016), and runs of white space, which never
    matter. `separator` splits an answer into alternatives, any of which will do.

    Raises ConfigError for a part, a place or a separator that cannot be.
    """

    name: ClassVar[str] = "match"

    def __init__(
        self,
        *,
        part: Part = "first_line",
        place: Place = "equal",
        ignore_case: bool = True,
        ignore_punctuation: bool = True,
        ignore_articles: bool = True,
        separator: str | None = None,
    ) -> None:
        for key, value, kind in (("part", part, Part), ("place", place, Place)):
            if value not in get_args(kind):
                known = ", ".join(get_args(kind))
                raise ConfigError(f"grader.{key}: {value!r} is unknown; there are: {known}")
        if separator == "":
            raise ConfigError("grader.separator is empty; give a text such as '|', or null")
        self.part, self.place, self.separator = part, place, separator
        self.ignore_case, self.ignore_punctuation = ignore_case, ignore_punctuation
        self.ignore_articles = ignore_articles

    def extract(self, response: str) -> str:
        """The part that is read, in normal form."""
        return self._normal(self._read(response))

    def score(self, response: str, answer: str) -> float:
        """1.0 where the answer, or one of its alternatives, stands in its place."""
        found = self.extract(response)
        choices = answer.split(self.separator) if self.separator else [answer]
        return float(any(self._stands(self._normal(choice), found) for choice in choices))

    def _read(self, response: str) -> str:
        if self.part == "first_line":
            return first_line(response)
        if self.part == "last_line":
            return first_line("\n".join(reversed(response.strip().splitlines())))
        return response

    def _normal(self, text: str) -> str:
        text = unicodedata.normalize("NFKC", text)
        if self.ignore_case:
            text = text.casefold()
        if self.ignore_punctuation:
            text = "".join(" " if unicodedata.category(c)[0] == "P" else c for c in text)
        if self.ignore_articles:
            text = _ARTICLES.sub(" ", text)
        return " ".join(text.split())

    def _stands(self, answer: str, found: str) -> bool:
        if not answer or self.place == "equal":
            return bool(answer) and answer == found
        before = r"^" if self.place == "begin" else r"(?<!\w)"
        after = r"$" if self.place == "end" else r"(?!\w)"
        return re.search(before + re.escape(answer) + after, found) is not None
