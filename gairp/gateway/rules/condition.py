"""Conditions in CEL, the language of the cloud-native world for them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from gairp.errors import ConfigError, MissingDependencyError
from gairp.gateway.rules.facts import FACTS, FEW

_REMEMBERED = 4096
_ERROR = re.compile(r"<input>:(\d+):(\d+): (.*)")


class ConditionError(ConfigError):
    """What is wrong, and where in the text of the condition (from 1)."""

    def __init__(self, message: str, line: int, column: int) -> None:
        self.line, self.column = line, column
        super().__init__(message)


class Condition:
    """A compiled expression that is true or false of facts."""

    def __init__(self, text: str) -> None:
        """Raises ConditionError for what is no expression, or gives no truth value."""
        self.text = text
        self.always = text.strip() == "true"
        try:
            self._expression: Any = _environment().compile(text)
        except RuntimeError as error:
            raise _told(str(error)) from None
        kind = str(self._expression.return_type())
        if kind not in ("BOOL", "DYN"):
            raise ConditionError(f"is {kind.lower()} and not true or false", 1, 1)
        names = set(re.findall(r"[A-Za-z_]\w*", text))
        #: The facts that it may read: the others need not be handed over.
        self.reads = tuple(name for name in FACTS if name in names)
        self._known: dict[tuple[Any, ...], bool] | None = {} if FEW.issuperset(self.reads) else None

    def holds(self, facts: dict[str, Any]) -> bool:
        """Whether it is true; an error (a tag that is not there, say) counts as false."""
        if self.always:
            return True
        if self._known is None:
            return self._evaluated([facts[name] for name in self.reads])
        # An expression has no state: the same facts give the same, and CEL takes a while.
        values = tuple([facts[name] for name in self.reads])
        found = self._known.get(values)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[values] = self._evaluated(values)
        return found

    def _evaluated(self, values: Sequence[Any]) -> bool:
        value = self._expression.eval(data=dict(zip(self.reads, values, strict=True)))
        return value.value() is True

    def why_not(self, facts: dict[str, Any]) -> str:
        """The value as text, an error included: for people."""
        return str(self._expression.eval(data={name: facts[name] for name in self.reads}))


@cache
def _environment() -> Any:
    try:
        from cel_expr_python import cel
    except ImportError:
        raise MissingDependencyError(
            "cel-expr-python", extra="gateway", needed_for="routing rules"
        ) from None
    kinds = {
        "STRING": cel.Type.STRING,
        "INT": cel.Type.INT,
        "BOOL": cel.Type.BOOL,
        "LIST": cel.Type.List(cel.Type.STRING),
        "MAP": cel.Type.Map(cel.Type.STRING, cel.Type.STRING),
    }
    return cel.NewEnv(variables={name: kinds[kind] for name, (kind, _) in FACTS.items()})


def _told(message: str) -> ConditionError:
    first = message.splitlines()[0]
    match = _ERROR.search(first)
    if match is None:
        return ConditionError(first, 1, 1)
    return ConditionError(match[3], int(match[1]), int(match[2]))
