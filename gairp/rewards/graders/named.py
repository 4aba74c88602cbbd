"""The graders that a dataset can name in a column."""

from __future__ import annotations

from gairp.errors import ConfigError, UnknownNameError
from gairp.rewards.graders.base import TextGrader
from gairp.rewards.graders.choice import Choice
from gairp.rewards.graders.items import Items
from gairp.rewards.graders.json_object import JsonObject
from gairp.rewards.graders.json_schema import JsonSchema
from gairp.rewards.graders.match import Match
from gairp.rewards.graders.number import Number
from gairp.rewards.graders.numeric import Numeric
from gairp.rewards.graders.regex import Regex
from gairp.rewards.graders.text import Exact, Mention, Text

_PLAIN: dict[str, type[TextGrader]] = {
    cls.name: cls
    for cls in (Number, Text, Exact, Mention, Items, JsonObject, Match, Regex, JsonSchema)
}
_TOLERANCES = ("absolute", "relative")


def get_grader(spec: str) -> TextGrader:
    """The grader that a task names.

    `number`, `text`, `exact`, `mention`, `list`, `json`, `match`, `choice:a|b`,
    `numeric:relative=0.01,absolute=0.5` (either or neither), and, where each answer is an
    expression or a schema, `regex` and `json_schema`.

    Raises UnknownNameError for any other name and ConfigError for a malformed tolerance.
    """
    name, _, rest = spec.partition(":")
    if name == Choice.name and rest:
        return Choice(labels=tuple(rest.split("|")))
    if name == Numeric.name:
        given = _tolerances(spec, rest)
        return Numeric(absolute=given.get("absolute", 0.0), relative=given.get("relative", 0.0))
    if name not in _PLAIN or rest:
        known = [*_PLAIN, "choice:LABEL|LABEL", "numeric:relative=NUMBER,absolute=NUMBER"]
        raise UnknownNameError("grader", spec, known)
    return _PLAIN[name]()


def _tolerances(spec: str, text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in filter(None, text.split(",")):
        key, _, value = part.partition("=")
        try:
            if key not in _TOLERANCES or key in found:
                raise ValueError(key)
            found[key] = float(value)
        except ValueError:
            raise ConfigError(
                f"grader {spec!r}: {part!r} is no tolerance; write numeric:relative=0.01 or "
                "numeric:absolute=0.5, or both with a comma between"
            ) from None
    return found
