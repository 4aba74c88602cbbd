"""The OpenAPI document of everything that the gateway answers.

Bodies of the hot path are the very structs that it decodes with; what is not in them passes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

import msgspec

from gairp.gateway.exchange.peek import BODIES
from gairp.gateway.feedback import FeedbackBody
from gairp.gateway.headers import ANSWERED, ASKED
from gairp.types import Operation

Json = dict[str, Any]
REF = "#/components/schemas/{name}"
_PATHS: Mapping[Operation, tuple[str, str]] = {
    "chat": ("/v1/chat/completions", "An answer to a conversation, whole or as a stream"),
    "completion": ("/v1/completions", "An answer to a text, whole or as a stream"),
    "embedding": ("/v1/embeddings", "Embeddings of texts"),
    "response": ("/v1/responses", "A response, stateless, whole or as a stream"),
}
_REFUSED: Mapping[int, str] = {
    400: "the request is not valid",
    401: "no key, or a wrong one",
    403: "the key's scopes or models do not allow it",
    404: "no such model",
    409: "the server of the model says so",
    413: "the body is too large",
    422: "the server of the model says so",
    429: "a limit or a budget is reached",
    500: "it failed inside the gateway",
    502: "the server of the model failed",
    503: "no model can answer now, or too much is under way",
    504: "no answer in time",
}
_ERROR: Json = {
    "title": "Error",
    "description": "As OpenAI's clients read it.",
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": ["string", "null"]},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "integer", "null"]},
            },
        }
    },
}


def document(admin: Mapping[str, Any] | None, *, keyed: bool) -> Json:
    """Of the gateway's own routes, and of the admin API where it is mounted.

    `keyed`: a key is needed.
    """
    bodies = [*BODIES.values(), FeedbackBody]
    _, schemas = msgspec.json.schema_components(bodies, ref_template=REF)
    components: Json = {"schemas": {**schemas, "Error": _ERROR}}
    found: Json = {
        "openapi": "3.1.0",
        "info": {
            "title": "GAIRP gateway",
            "version": version("gairp"),
            "description": "OpenAI's API; each request is routed to the model that answers it.",
        },
        "paths": {**_asking(), **_beside()},
        "components": components,
    }
    if keyed:
        components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        found["security"] = [{"key": []}]
    if admin is not None:
        found["paths"] |= _without_422(admin["paths"])
        of_admin = admin.get("components", {}).get("schemas", {})
        components["schemas"] |= {
            name: schema for name, schema in of_admin.items() if "ValidationError" not in name
        }
    return found


def _asking() -> Json:
    return {
        path: {
            "post": {
                "operationId": operation,
                "tags": ["models"],
                "summary": what,
                "description": "Fields that are not listed here go to the model as they came.",
                "parameters": [_header("x-gairp-session", ASKED)],
                "requestBody": _body(BODIES[operation].__name__),
                "responses": {**_answer(operation), **_refused(_REFUSED)},
            }
        }
        for operation, (path, what) in _PATHS.items()
    }


def _beside() -> Json:
    plain: Json = {"application/json": {"schema": {"type": "object"}}}
    return {
        "/v1/models": _get("models", "The models, aliases and policies that the key may use", plain,
                           (401,)),
        "/v1/models/{model}": _get("model", "One of them", plain, (401, 404), path="model"),
        "/v1/feedback": {
            "post": {
                "operationId": "feedback", "tags": ["feedback"],
                "summary": "Say how good an answer was; late is fine, twice changes nothing",
                "requestBody": _body("FeedbackBody"),
                "responses": {
                    "200": {"description": "what became of it", "content": plain},
                    **_refused(_some(400, 401, 403, 404, 413)),
                },
            }
        },
        "/v1/decisions/{decision_id}": _get(
            "decision", "Why a request went where it did", plain, (401, 404), path="decision_id"
        ),
        "/health": _get("health", "The process lives", plain, (), open_to_all=True),
        "/ready": _get("ready", "It takes requests", plain, (503,), open_to_all=True, bare=True),
        "/metrics": _get("metrics", "For Prometheus", _text("plain"), (), open_to_all=True),
        "/openapi.json": _get("openapi", "This document", plain, (), open_to_all=True),
        "/docs": _get("docs", "This document, to be read", _text("html"), (), open_to_all=True),
    }  # fmt: skip


def _get(
    name: str, what: str, content: Json, statuses: Iterable[int], *, path: str | None = None,
    open_to_all: bool = False, bare: bool = False,
) -> Json:  # fmt: skip
    refused = _refused(_some(*statuses))
    if bare:
        refused = {key: {**value, "content": content} for key, value in refused.items()}
    found: Json = {
        "operationId": name,
        "tags": ["beside"],
        "summary": what,
        "responses": {"200": {"description": "well", "content": content}, **refused},
    }
    if path is not None:
        found["parameters"] = [
            {"name": path, "in": "path", "required": True, "schema": {"type": "string"}}
        ]
    if open_to_all:
        found["security"] = []
    return {"get": found}


def _text(kind: str) -> Json:
    return {f"text/{kind}": {"schema": {"type": "string"}}}


def _answer(operation: Operation) -> Json:
    content: Json = {"application/json": {"schema": {"type": "object"}}}
    if operation != "embedding":
        content["text/event-stream"] = {"schema": {"type": "string"}}
    headers = {
        name: {"description": what, "schema": {"type": "string"}}
        for name, what in ANSWERED.items()
        if name not in ("retry-after", "www-authenticate")
    }
    return {"200": {"description": "the model's answer", "headers": headers, "content": content}}


def _refused(statuses: Mapping[int, str]) -> Json:
    schema = {"$ref": REF.format(name="Error")}
    return {
        str(status): {"description": why, "content": {"application/json": {"schema": schema}}}
        for status, why in statuses.items()
    }


def _some(*statuses: int) -> Mapping[int, str]:
    return {status: _REFUSED[status] for status in statuses}


def _body(name: str) -> Json:
    schema = {"$ref": REF.format(name=name)}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _header(name: str, told: Mapping[str, str]) -> Json:
    return {"name": name, "in": "header", "description": told[name], "schema": {"type": "string"}}


def _without_422(paths: Mapping[str, Any]) -> Json:
    """FastAPI writes its own form of a refusal into each route; here all have the one form."""
    for methods in paths.values():
        for operation in methods.values():
            operation["responses"].pop("422", None)
    return dict(paths)
