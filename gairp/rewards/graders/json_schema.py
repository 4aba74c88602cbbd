"""Structured output: does the response follow a JSON schema?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, ClassVar

from gairp.errors import ConfigError
from gairp.rewards.graders.base import TextGrader
from gairp.rewards.graders.grade import Grade, Question
from gairp.rewards.graders.json_text import NoJsonError, find_json
from gairp.rewards.graders.pattern import Pattern


class JsonSchema(TextGrader):
    """1.0 for a response whose JSON follows the schema, else 0.0 with the first violation.

    `schema` holds for every question; without it each question's answer is a schema, as JSON. A
    schema without `$schema` is read as draft 2020-12. References to other documents are not
    followed: nothing is fetched. `pattern` in a schema is an expression of RE2, so that no answer
    can hang a run; `patternProperties`, which would be matched by Python's own engine, is refused.

    Raises ConfigError for what is no schema.
    """

    name: ClassVar[str] = "json_schema"

    def __init__(self, *, schema: Mapping[str, Any] | None = None) -> None:
        self.schema = None if schema is None else dict(schema)
        self._common = None if schema is None else _validator(json.dumps(self.schema))

    @property
    def needs_answer(self) -> bool:  # type: ignore[override]
        """Only where no schema holds for all."""
        return self._common is None

    def extract(self, response: str) -> str:
        """The JSON with sorted keys, or an empty string where there is none."""
        try:
            return json.dumps(find_json(response), sort_keys=True)
        except (NoJsonError, RecursionError):
            return ""

    def score(self, response: str, answer: str) -> float:
        """1.0 where the JSON of the response follows the schema."""
        return self._judged(response, answer).quality

    async def _grade(self, question: Question, text: str) -> Grade:
        return self._judged(text, question.answer)

    def _judged(self, text: str, answer: str | None) -> Grade:
        validator = self._common or _validator(answer or "")
        found = self.extract(text)
        if not found:
            return Grade(quality=0.0, status="no_answer", reason="no JSON in the response")
        wrong = _first_violation(validator, json.loads(found))
        return Grade(
            quality=float(wrong is None), extracted=found, reason=wrong or "follows the schema"
        )


def _first_violation(validator: Any, value: Any) -> str | None:
    """Where and how the value breaks the schema: the violation nearest to the root."""
    from jsonschema.exceptions import best_match  # type: ignore[import-untyped]
    from referencing.exceptions import Unresolvable

    try:
        error = best_match(validator.iter_errors(value))
    except Unresolvable as problem:
        raise ConfigError(
            f"the JSON schema refers to {problem.ref!r}, which is not in it; put it under `$defs`"
        ) from problem
    except RecursionError:
        return "$: nested too deeply to be checked"
    return None if error is None else f"{error.json_path}: {error.message[:300]}"


@lru_cache(maxsize=256)
def _validator(text: str) -> Any:
    """A validator of the schema in `text`, with no way to fetch and no way to hang."""
    from jsonschema import Draft202012Validator, validators  # type: ignore[import-untyped]
    from jsonschema.exceptions import SchemaError
    from referencing import Registry

    try:
        schema = json.loads(text)
        kind = validators.validator_for(schema, default=Draft202012Validator)
        kind.check_schema(schema)
    except (ValueError, SchemaError) as error:
        problem = getattr(error, "message", str(error))
        raise ConfigError(f"not a JSON schema: {problem}; give one as a JSON object") from error
    if _uses(schema, "patternProperties"):
        raise ConfigError(
            "the JSON schema uses `patternProperties`; write `propertyNames` with a `pattern`, and "
            "`additionalProperties` for the values"
        )
    safe = validators.extend(kind, {"pattern": _pattern})
    return safe(schema, registry=Registry())


def _uses(schema: Any, keyword: str) -> bool:
    """Whether the keyword occurs, other than as the name of a property."""
    if isinstance(schema, list):
        return any(_uses(part, keyword) for part in schema)
    if not isinstance(schema, dict):
        return False
    inner = [
        part
        for key, value in schema.items()
        for part in (value.values() if key == "properties" and isinstance(value, dict) else [value])
    ]
    return keyword in schema or any(_uses(part, keyword) for part in inner)


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[Any]:
    """The keyword `pattern`, matched in linear time."""
    from jsonschema.exceptions import ValidationError

    where = "`pattern` of the JSON schema"
    if isinstance(value, str) and not Pattern(pattern, where=where).found_in(value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")
