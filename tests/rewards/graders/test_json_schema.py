"""Structured answers follow a schema or not, whatever the model wrote around them."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest

from gairp.errors import ConfigError
from gairp.rewards.graders import JsonSchema, get_grader
from gairp.rewards.graders.json_text import NoJsonError, find_json
from tests.rewards.graders.asking import graded

PERSON: dict[str, Any] = {
    "type": "object",
    "required": ["name", "age"],
    "properties": {
        "name": {"type": "string", "pattern": "^[A-Z]"},
        "age": {"type": "integer", "minimum": 0},
    },
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('Here it is:\n```json\n{"a": [1, 2]}\n```\nDone.', {"a": [1, 2]}),
        ('I think {curly} or {"a": {"b": 2}} will do', {"a": {"b": 2}}),
        (" [1, 2] ", [1, 2]),
        ("42", 42),
        ('"x"', "x"),
    ],
)
def test_json_is_found(text: str, value: object) -> None:
    assert find_json(text) == value


@pytest.mark.parametrize(
    "text", ["", "none", "{'a': 1}", '{"a": NaN}', "9" * 5000, "[" * 100_000, '{"a": 1']
)
def test_where_there_is_none_it_says_so(text: str) -> None:
    start = time.process_time()
    with pytest.raises(NoJsonError):
        find_json(text)
    assert time.process_time() - start < 2.0


def test_what_follows_the_schema_is_right() -> None:
    grade = graded(JsonSchema(schema=PERSON), 'Sure: {"age": 3, "name": "Mia"}')
    assert (grade.quality, grade.extracted) == (1.0, '{"age": 3, "name": "Mia"}')


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        ('{"name": "Mia"}', "$: 'age' is a required property"),
        ('{"name": "Mia", "age": "3"}', "$.age: '3' is not of type 'integer'"),
        ('{"name": "mia", "age": 3}', "$.name: 'mia' does not match '^[A-Z]'"),
        ('{"name": "Mia", "age": 3, "x": 1}', "$: Additional properties are not allowed"),
    ],
)
def test_a_violation_says_where(response: str, reason: str) -> None:
    grade = graded(JsonSchema(schema=PERSON), response)
    assert (grade.quality, grade.status) == (0.0, "graded")
    assert grade.reason.startswith(reason)


def test_no_json_is_no_answer() -> None:
    assert graded(JsonSchema(schema=PERSON), "I cannot.").status == "no_answer"


def test_each_question_may_have_its_own_schema() -> None:
    grader = get_grader("json_schema")
    assert graded(grader, "[1]", '{"type": "array"}').quality == 1.0
    assert graded(grader, "[1]", '{"type": "object"}').quality == 0.0


def test_patterns_take_linear_time() -> None:
    schema = {"properties": {"a": {"pattern": "(a+)+$"}}, "propertyNames": {"pattern": "(a|a)*$"}}
    start = time.process_time()
    grade = graded(JsonSchema(schema=schema), json.dumps({"a": "a" * 5000 + "!"}))
    assert grade.quality == 0.0
    assert time.process_time() - start < 2.0


def test_deep_nesting_is_a_violation_not_a_crash() -> None:
    schema = {"$ref": "#/$defs/nested", "$defs": {"nested": {"items": {"$ref": "#/$defs/nested"}}}}
    grade = graded(JsonSchema(schema=schema), "[" * 300 + "]" * 300)
    assert grade.quality == 0.0
    assert math.isfinite(grade.quality)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "thing"}, "not a JSON schema: 'thing' is not valid"),
        ({"patternProperties": {"^a": {}}}, "the JSON schema uses `patternProperties`"),
        ({"anyOf": [{"patternProperties": {"^a": {}}}]}, "uses `patternProperties`"),
    ],
)
def test_what_is_no_schema_is_refused(schema: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        JsonSchema(schema=schema)


def test_a_property_may_have_any_name() -> None:
    schema = {"properties": {"patternProperties": {"type": "string"}}}
    assert graded(JsonSchema(schema=schema), '{"patternProperties": "x"}').quality == 1.0


def test_nothing_is_fetched() -> None:
    with pytest.raises(ConfigError, match="which is not in it; put it under"):
        graded(JsonSchema(schema={"$ref": "http://127.0.0.1:9/person"}), "{}")


def test_an_answer_that_is_no_schema_is_refused() -> None:
    with pytest.raises(ConfigError, match="not a JSON schema"):
        graded(get_grader("json_schema"), "{}", "{")
