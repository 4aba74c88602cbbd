"""Calls of tools, put together from the pieces of a stream."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


class ToolCalls:
    """The calls in the order that they began."""

    def __init__(self) -> None:
        self._calls: dict[object, dict[str, Any]] = {}
        self._moved: dict[object, object] = {}  # an index used again -> the call it now means

    def feed(self, piece: Mapping[str, Any]) -> None:
        """A piece of a chat answer's `tool_calls`."""
        function = piece.get("function") or {}
        others = {k: v for k, v in piece.items() if k not in ("index", "function") and v}
        name = function.get("name")
        self.add(self._key(piece, name), name, function.get("arguments"), **others)

    def _key(self, piece: Mapping[str, Any], name: Any) -> object:
        """Which call a piece belongs to.

        The index says so, but Google leaves it out, and the id of parallel calls with it; others
        give one index to all calls. What has a name of its own begins a call then.
        """
        index, id_ = piece.get("index"), piece.get("id")
        if index is None:
            known = next((key for key, c in self._calls.items() if id_ and c["id"] == id_), None)
            if known is not None:
                return known
            return ("new", len(self._calls)) if name else next(reversed(self._calls), 0)
        there = self._calls.get(self._moved.get(index, index))
        if there is not None and name and id_ and there["id"] not in (None, id_):
            self._moved[index] = ("new", len(self._calls))
        return self._moved.get(index, index)

    def add(self, key: object, name: Any, arguments: Any, **fields: Any) -> None:
        """Name the call and lengthen its arguments; a field that is there stays as it is."""
        call = self._calls.get(key)
        if call is None:
            function = {"name": "", "arguments": ""}
            call = self._calls[key] = {"id": None, "type": "function", "function": function}
        for field, value in fields.items():
            call[field] = call.get(field) or value
        if isinstance(name, str):
            call["function"]["name"] = call["function"]["name"] or name
        call["function"]["arguments"] += _json(arguments)

    def complete(self, key: object, name: Any, arguments: Any, **fields: Any) -> None:
        """The call as it is in the end, whatever came before."""
        self.add(key, name, None, **fields)
        self._calls[key]["function"]["arguments"] = _json(arguments)

    def __contains__(self, key: object) -> bool:
        return key in self._calls

    def whole(self) -> list[dict[str, Any]]:
        """All calls, in chat's form."""
        return list(self._calls.values())


def _json(arguments: Any) -> str:
    """Ollama's own wire has an object where OpenAI's has its JSON."""
    if isinstance(arguments, str):
        return arguments
    return json.dumps(arguments) if arguments else ""
