"""Regular expressions in time linear in the text, whatever the expression."""

from __future__ import annotations

import re
from typing import Any

from gairp.errors import ConfigError

_GROUP = re.compile(r"\(\?P?<(\w+)>")


class Pattern:
    """An expression of RE2, which keeps no stack of choices to come back to.

    Python's own engine can take longer than the universe on thirty characters of a model's answer
    against `(a+)+$`; RE2 (Cox 2010, "Regular Expression Matching in the Wild") refuses what would
    need that: look-around and references back to a group. It comes with pyarrow. `\\b` and `\\w`
    know ASCII alone.

    Raises ConfigError, naming `where`, for an expression that RE2 does not take.
    """

    def __init__(self, expression: str, *, where: str) -> None:
        self.expression, self.where = expression, where
        self.groups = tuple(_GROUP.findall(expression))
        self._try("match", "")

    def found_in(self, text: str) -> bool:
        """Whether the expression matches somewhere."""
        return bool(self._try("match", text))

    def group(self, text: str, name: str) -> str | None:
        """What the named group matched in the leftmost match, or None without one.

        Every group of the expression must then have a name; `(?:…)` is no group.
        """
        found = self._try("extract", text)
        return None if found is None else str(found[name])

    def _try(self, what: str, text: str) -> Any:
        import pyarrow as pa
        import pyarrow.compute as pc

        column = pa.array([text.encode("utf-8", "replace").decode()], pa.string())
        run = pc.match_substring_regex if what == "match" else pc.extract_regex
        try:
            return run(column, pattern=self.expression)[0].as_py()
        except pa.ArrowInvalid as error:
            raise ConfigError(
                f"{self.where}: {self.expression!r} does not do ({error}); RE2 takes neither "
                "look-around nor references to groups (github.com/google/re2/wiki/Syntax)"
            ) from error
