"""One record is one line, whatever is in it."""

from __future__ import annotations

import json
import logging
from io import StringIO
from typing import Any

import pytest

from gairp.telemetry.event import note
from gairp.telemetry.lines import JsonLines, PlainLines

EVIL = 'x"}\n{"level":"error"}\r\x1b[2J\x85\u2028\u202e end'


def logged(formatter: logging.Formatter, **facts: Any) -> str:
    log, said = logging.Logger("gairp.test"), StringIO()
    handler = logging.StreamHandler(said)
    handler.setFormatter(formatter)
    log.addHandler(handler)
    note(log, logging.WARNING, "rules.refused", facts.pop("message", "told"), **facts)
    return said.getvalue()


def failed(text: str) -> BaseException:
    try:
        raise ValueError(text)
    except ValueError as error:
        return error


def test_an_event_is_an_object_with_its_facts() -> None:
    line = logged(
        JsonLines(), message="100% of it", count=3, share=float("nan"), on=True, none=None
    )
    told = json.loads(line)
    moment = told.pop("at")
    assert moment.endswith("Z")
    assert len(moment) == 24
    assert told == {
        "level": "warning", "event": "rules.refused", "logger": "gairp.test",
        "message": "100% of it", "count": 3, "share": None, "on": True, "none": None,
    }  # fmt: skip


def test_facts_cannot_stand_for_what_the_line_says_of_itself() -> None:
    assert json.loads(logged(JsonLines(), logger="forged"))["logger"] == "gairp.test"


@pytest.mark.parametrize("formatter", [JsonLines(), PlainLines()], ids=["json", "text"])
def test_no_text_ends_a_line_or_speaks_to_a_terminal(formatter: logging.Formatter) -> None:
    line = logged(formatter, message=EVIL, name=EVIL)
    assert line.endswith("\n")
    assert len(line.splitlines()) == 1
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in line[:-1])


@pytest.mark.parametrize("formatter", [JsonLines(), PlainLines()], ids=["json", "text"])
def test_an_exception_is_told_by_kind_and_place_alone(formatter: logging.Formatter) -> None:
    line = logged(formatter, error=failed("what somebody asked"))
    assert "what somebody asked" not in line
    assert "ValueError" in line
    assert "test_lines.py" in line
    assert " failed" in line


def test_what_is_secret_is_taken_out_of_messages_and_facts() -> None:
    hide = lambda text: text.replace("hush", "[hidden]")  # noqa: E731
    told = json.loads(logged(JsonLines(hide), message="a hush", fact="b hush"))
    assert told["message"] == "a [hidden]"
    assert told["fact"] == "b [hidden]"
    assert "a [hidden]" in logged(PlainLines(hide), message="a hush")


def test_arguments_that_do_not_fit_fail_nothing() -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "%d of %s", ("a",), None)
    assert json.loads(JsonLines().format(record))["message"] == "%d of %s"
