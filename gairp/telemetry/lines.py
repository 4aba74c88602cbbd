"""Log records as lines: for people, or as JSON.

A record is one line whatever is in it, and of an exception it says the kind and the place, not the
message: that of a library may repeat what somebody asked or answered.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from gairp.telemetry.event import EVENT, FACTS

Scrub = Callable[[str], str]
#: What would end a line, or tell a terminal what to do.
_CONTROLS = {
    code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    for code in (*range(32), *range(127, 160), 0x2028, 0x2029)
}


class JsonLines(logging.Formatter):
    """An object a record: `at`, `level`, `event`, `message`, the event's facts, `error`."""

    def __init__(self, scrub: Scrub = str) -> None:
        """`scrub` takes secrets out of a text."""
        super().__init__()
        self._scrub = scrub

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        fields: dict[str, Any] = {
            "at": _moment(record),
            "level": record.levelname.lower(),
            "event": getattr(record, EVENT, "log"),
            "logger": record.name,
            "message": self._scrub(_message(record)),
        }
        facts: Mapping[str, object] = getattr(record, FACTS, {})
        for name, value in facts.items():
            fields.setdefault(name, self._shown(value))
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            fields["error"] = {"type": type(error).__name__, "at": _places(error)}
        return json.dumps(fields, allow_nan=False)

    def _shown(self, value: object) -> object:
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            return value if value == value and abs(value) != float("inf") else None
        return self._scrub(str(value))


class PlainLines(logging.Formatter):
    """Time, level, message."""

    def __init__(self, scrub: Scrub = str) -> None:
        """`scrub` takes secrets out of a text."""
        super().__init__()
        self._scrub = scrub

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        told = f"{_moment(record)} {record.levelname} {self._scrub(_message(record))}"
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            told += f" [{type(error).__name__}: {' > '.join(_places(error))}]"
        return told.translate(_CONTROLS)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # arguments that do not fit; a log must not fail for it
        return str(record.msg)


def _moment(record: logging.LogRecord) -> str:
    """ISO 8601 in UTC, to the millisecond."""
    at = datetime.fromtimestamp(record.created, UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _places(error: BaseException) -> list[str]:
    """Where it came from, the innermost last: file, line, function."""
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
