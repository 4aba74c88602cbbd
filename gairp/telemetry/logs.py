"""Where log records go: one line each, to standard error."""

from __future__ import annotations

import logging
import sys
from typing import Annotated, Literal, TextIO

import msgspec

from gairp.telemetry.lines import JsonLines, PlainLines, Scrub

_Format = Annotated[
    Literal["text", "json"], msgspec.Meta(description="lines for people, or an object each")
]
_Level = Annotated[
    Literal["debug", "info", "warning", "error"],
    msgspec.Meta(description="from which on it is told; of libraries, `warning` at least"),
]
_Access = Annotated[bool, msgspec.Meta(description="a line for each request, too")]


class LogSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much is said, and how."""

    format: _Format = "text"
    level: _Level = "info"
    access: _Access = False


def configure(settings: LogSettings, *, scrub: Scrub = str, to: TextIO | None = None) -> None:
    """For the whole process, in place of what was set before.

    `level` is that of the platform's own records; others' are told from `warning` on.
    """
    lines = JsonLines(scrub) if settings.format == "json" else PlainLines(scrub)
    handler = logging.StreamHandler(sys.stderr if to is None else to)
    handler.setFormatter(lines)
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    level = settings.level.upper()
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
    logging.getLogger("gairp").setLevel(level)
    logging.captureWarnings(True)
