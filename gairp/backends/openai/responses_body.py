"""From the body of a chat completion to that of OpenAI's Responses API. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gairp.backends.openai.compose import LIMITS

_LOGPROBS = "message.output_text.logprobs"


def responses_body(chat: Mapping[str, Any]) -> dict[str, Any]:
    """The same question for `/responses`, stateless: nothing is stored at the server.

    Leading system messages become `instructions`, tool calls and their results become items, and
    what only changed its name is renamed. Fields without a counterpart (seed, stop, n, penalties)
    go as they are, so that the server refuses them rather than that nobody notices.
    """
    body = {key: value for key, value in chat.items() if key not in _TRANSLATED}
    instructions, items = _input(chat["messages"])
    if instructions:
        body["instructions"] = instructions
    body |= {"input": items, "store": False}
    for key, translate in _RENAMED.items():
        if chat.get(key) is not None:
            _merge(body, translate(chat[key]))
    return body


def _merge(body: dict[str, Any], fields: Mapping[str, Any]) -> None:
    for key, value in fields.items():
        there = body.get(key)
        if isinstance(value, Mapping) and isinstance(there, Mapping):
            value = {**there, **value}
        elif isinstance(value, list) and isinstance(there, list | tuple):
            value = [*there, *(item for item in value if item not in there)]
        body[key] = value


def _input(messages: Iterable[Mapping[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    instructions: list[str] = []
    items: list[dict[str, Any]] = []
    for message in messages:
        text = message.get("content")
        if message.get("role") in ("system", "developer") and not items and isinstance(text, str):
            instructions.append(text)
        else:
            items += _items(message)
    return "\n\n".join(instructions), items


def _items(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    role, content = str(message.get("role")), message.get("content")
    if role == "tool":
        output = {"call_id": message.get("tool_call_id"), "output": _parts(content, "input_text")}
        return [{"type": "function_call_output", **output}]
    text = "output_text" if role == "assistant" else "input_text"
    # Only an assistant that called tools has nothing to say; an input of no items is refused.
    said = content or (content == "" and role != "assistant")
    items = [{"role": role, "content": _parts(content, text)}] if said else []
    return items + [_call(call) for call in message.get("tool_calls") or ()]


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call.get("function") or {}
    return {"type": "function_call", "call_id": call.get("id"), **function}


def _parts(content: Any, text: str) -> Any:
    return content if isinstance(content, str) else [_part(part, text) for part in content]


def _part(part: Mapping[str, Any], text: str) -> Mapping[str, Any]:
    match part.get("type"):
        case "text":
            return {**part, "type": text}
        case "image_url":
            image = part.get("image_url")
            image = image if isinstance(image, Mapping) else {"url": image}
            detail = {"detail": image["detail"]} if "detail" in image else {}
            return {"type": "input_image", "image_url": image.get("url"), **detail}
        case "file":
            return {"type": "input_file", **part.get("file", {})}
    return part


def _tool(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    function = tool.get("function")
    return {"type": "function", **function} if isinstance(function, Mapping) else tool


def _tool_choice(choice: Any) -> dict[str, Any]:
    return {"tool_choice": _tool(choice) if isinstance(choice, Mapping) else choice}


def _format(wanted: Mapping[str, Any]) -> dict[str, Any]:
    schema = wanted.get("json_schema")
    flat = {"type": "json_schema", **schema} if isinstance(schema, Mapping) else dict(wanted)
    return {"text": {"format": flat}}


def _limit(count: Any) -> dict[str, Any]:
    return {"max_output_tokens": count}


_RENAMED: dict[str, Callable[[Any], dict[str, Any]]] = {
    **dict.fromkeys(LIMITS, _limit),
    "tools": lambda tools: {"tools": [_tool(tool) for tool in tools]},
    "tool_choice": _tool_choice,
    "response_format": _format,
    "verbosity": lambda value: {"text": {"verbosity": value}},
    "reasoning_effort": lambda value: {"reasoning": {"effort": value}},
    "logprobs": lambda wanted: {"include": [_LOGPROBS]} if wanted else {},
}
_TRANSLATED = frozenset({"messages", *_RENAMED})
