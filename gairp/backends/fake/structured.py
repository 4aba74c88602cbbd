"""Answers in the form that a request wants: JSON of a schema, a call of a tool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gairp.backends.fake.answer import Answer, ToolCall
from gairp.backends.fake.ask import Ask

_PLAIN: dict[str, Any] = {"integer": 0, "number": 0.0, "boolean": False, "null": None, "array": []}


def formed(answer: Answer, ask: Ask) -> Answer:
    """The script's answer in the form asked for; one that has the form already stays."""
    if answer.tool_calls:
        return answer
    tool = _wanted_tool(ask.body)
    if tool is not None:
        arguments = example(tool.get("parameters") or {}, answer.text)
        call = ToolCall(name=str(tool.get("name")), arguments=arguments)
        return msgspec.structs.replace(answer, text="", tool_calls=(call,))
    schema = _wanted_schema(ask.body)
    if schema is None or _is_object(answer.text):
        return answer
    body = example(schema, answer.text) if schema else {"answer": answer.text}
    return msgspec.structs.replace(answer, text=msgspec.json.encode(body).decode())


def example(schema: Mapping[str, Any], text: str) -> Any:
    """A value that fits a JSON schema; strings are the text."""
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return example(schema[key][0], text)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {k: example(v, text) for k, v in (schema.get("properties") or {}).items()}
    if kind == "array" and schema.get("minItems"):
        return [example(schema.get("items") or {}, text)] * int(schema["minItems"])
    return _PLAIN.get(kind, text)


def _wanted_tool(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The tool that must be called: the one named, or the first where any must be."""
    choice = body.get("tool_choice")
    tools = [tool.get("function", tool) for tool in body.get("tools") or ()]
    if choice == "required" and tools:
        return dict(tools[0])
    if isinstance(choice, Mapping):
        name = choice.get("function", choice).get("name")
        return next((dict(tool) for tool in tools if tool.get("name") == name), None)
    return None


def _wanted_schema(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema asked for, an empty one for any object; None where text will do."""
    wanted = body.get("response_format") or (body.get("text") or {}).get("format") or {}
    if wanted.get("type") == "json_object":
        return {}
    if wanted.get("type") == "json_schema":
        inner = wanted.get("json_schema", wanted)
        return dict(inner.get("schema") or {})
    return None


def _is_object(text: str) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except msgspec.DecodeError:
        return False
