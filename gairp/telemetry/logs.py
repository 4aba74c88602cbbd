"""Where log records go: one line each, to standard error."""

from __future__ import annotations

import logging
import sys
from typing import Literal, TextIO

import msgspec

from gairp.telemetry.lines import JsonLines, PlainLines, Scrub

Level = Literal["debug", "info", "warning", "error"]


class LogSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much is said, and how."""

    format: Literal["text", "json"] = "text"
    level: Level = "info"
    access: bool = False  #: a line for each request, too


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
