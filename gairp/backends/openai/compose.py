"""From a request and an arm to the body of a chat completion. Pure; nothing is sent here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from gairp.errors import ConfigError
from gairp.types import Arm, Request

Message = Mapping[str, Any]
MaxTokensField = Literal["max_tokens", "max_completion_tokens"]

#: The names that wires give to the limit of an answer's length; a request may use any of them.
LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
#: What the backend decides itself, whatever the request says.
_OWN = frozenset({"model", "messages", "stream", "stream_options", "extra_body", *LIMITS})
_HEAD = ("system", "developer")
_NAMED = re.compile(r"\{(\w+)\}")


def compose(
    request: Request,
    arm: Arm,
    *,
    default_max_tokens: int | None = None,
    max_tokens_field: MaxTokensField = "max_tokens",
) -> dict[str, Any]:
    """The body: the arm's model, the messages after its recipe, and all params of both.

    The request's params win over the recipe's, and what nobody here knows passes untouched;
    `extra_body`, as OpenAI's client has it, is spread out. The limit of length is sent under
    `max_tokens_field` by whatever name it was given. Raises ConfigError for a recipe that cannot
    be followed.
    """
    ours, theirs = _params(arm.recipe.get("params"), arm), _params(request.params, arm)
    body: dict[str, Any] = {"model": arm.model, "messages": conversation(request, arm)}
    for params in (ours, theirs):
        body.update({key: value for key, value in params.items() if key not in _OWN})
    limit = _limit(theirs) or _limit(ours) or default_max_tokens
    if limit is not None:
        body[max_tokens_field] = limit
    return body


def conversation(request: Request, arm: Arm) -> list[Message]:
    """System text, worked examples as earlier turns, then the request's own messages.

    A request that continues a conversation has them already.
    """
    recipe, messages = arm.recipe, list(request.messages)
    if request.continued:
        return messages
    start = next((i for i, m in enumerate(messages) if m.get("role") not in _HEAD), len(messages))
    head, rest = messages[:start], messages[start:]
    system = recipe.get("system")
    if system and not any(m.get("role") in _HEAD for m in messages):
        head = [{"role": "system", "content": system}]
    if recipe.get("ask"):
        _ask(rest, str(recipe["ask"]), request.fields, arm)
    return [*head, *_shots(request, arm), *rest]


def filled(template: str, texts: Mapping[str, str]) -> str:
    """The template with `{name}` replaced by the text of that name; unknown names stay."""
    return _NAMED.sub(lambda found: texts.get(found[1], found[0]), template)


def _params(params: Any, arm: Arm) -> dict[str, Any]:
    if params is None:
        return {}
    if not isinstance(params, Mapping):
        raise ConfigError(
            f"recipe.params of arm {arm.name!r} is {params!r}; it must be a map of fields"
        )
    return {**params, **(params.get("extra_body") or {})}


def _limit(params: Mapping[str, Any]) -> Any:
    return next((params[name] for name in LIMITS if params.get(name) is not None), None)


def _shots(request: Request, arm: Arm) -> list[Message]:
    shots = arm.recipe.get("shots") or 0
    if not isinstance(shots, int) or shots < 0:
        raise ConfigError(
            f"recipe.shots of arm {arm.name!r} is {shots!r}; it must be a number of examples"
        )
    turns: list[Message] = []
    for question, answer in request.examples[:shots]:
        turns += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return turns


def _ask(messages: list[Message], template: str, fields: Mapping[str, str], arm: Arm) -> None:
    """Put the text of the last user message, and the request's fields, into the template."""
    if not {"prompt", *fields} & set(_NAMED.findall(template)):
        known = ", ".join(f"{{{name}}}" for name in ("prompt", *fields))
        raise ConfigError(
            f"recipe.ask of arm {arm.name!r} is {template!r}; it must have one of {known} in it"
        )
    users = [i for i, message in enumerate(messages) if message.get("role") == "user"]
    if users:
        message = messages[users[-1]]
        messages[users[-1]] = {
            **message,
            "content": _asked(message.get("content"), template, fields),
        }


def _asked(content: Any, template: str, fields: Mapping[str, str]) -> Any:
    if isinstance(content, str):
        return filled(template, {**fields, "prompt": content})
    if not isinstance(content, Sequence):
        return content
    parts = list(content)
    texts = [i for i, p in enumerate(parts) if isinstance(p, Mapping) and p.get("type") == "text"]
    if texts:
        part = parts[texts[-1]]
        asked = filled(template, {**fields, "prompt": str(part.get("text"))})
        parts[texts[-1]] = {**part, "text": asked}
    return parts
