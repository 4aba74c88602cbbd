"""The graders that a dataset can name in a column."""

from __future__ import annotations

from gairp.errors import UnknownNameError
from gairp.rewards.graders.base import TextGrader
from gairp.rewards.graders.choice import Choice
from gairp.rewards.graders.items import Items
from gairp.rewards.graders.json_object import JsonObject
from gairp.rewards.graders.number import Number
from gairp.rewards.graders.text import Exact, Mention, Text

_PLAIN: dict[str, type[TextGrader]] = {
    cls.name: cls for cls in (Number, Text, Exact, Mention, Items, JsonObject)
}


def get_grader(spec: str) -> TextGrader:
    """The grader that a task names: `number`, `text`, `exact`, `mention`, `list`, `json` or
    `choice:a|b`.

    Raises UnknownNameError for any other name.
    """
    name, _, labels = spec.partition(":")
    if name == Choice.name and labels:
        return Choice(labels=tuple(labels.split("|")))
    if name not in _PLAIN:
        raise UnknownNameError("grader", spec, [*_PLAIN, "choice:LABEL|LABEL"])
    return _PLAIN[name]()
