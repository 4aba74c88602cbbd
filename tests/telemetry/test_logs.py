"""What is told, and what is not."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from io import StringIO

import pytest

from gairp.telemetry.logs import LogSettings, configure


@pytest.fixture
def said() -> Iterator[StringIO]:
    """Where it goes; the loggers are as they were afterwards."""
    root, ours = logging.getLogger(), logging.getLogger("gairp")
    before = root.handlers[:], root.level, ours.level
    root.handlers = []
    yield StringIO()
    logging.captureWarnings(False)
    root.handlers = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


def test_our_own_from_the_level_on_and_others_from_warnings_on(said: StringIO) -> None:
    configure(LogSettings(format="json", level="info"), to=said)
    for name in ("gairp.gateway", "sqlalchemy"):
        for level in (logging.DEBUG, logging.INFO, logging.WARNING):
            logging.getLogger(name).log(level, "x")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("told as a record", UserWarning, stacklevel=1)
    lines = [json.loads(line) for line in said.getvalue().splitlines()]
    assert [(line["logger"], line["level"]) for line in lines] == [
        ("gairp.gateway", "info"), ("gairp.gateway", "warning"), ("sqlalchemy", "warning"),
        ("py.warnings", "warning"),
    ]  # fmt: skip
    assert {line["event"] for line in lines} == {"log"}


def test_errors_alone_where_that_is_wanted(said: StringIO) -> None:
    configure(LogSettings(level="error"), to=said)
    logging.getLogger("gairp.x").warning("not told")
    logging.getLogger("other").warning("not told")
    logging.getLogger("gairp.x").error("told")
    assert said.getvalue().endswith("Z ERROR told\n")
    assert said.getvalue().count("\n") == 1
