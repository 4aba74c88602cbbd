"""The OpenAPI document as a page that loads nothing from anywhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "code,pre{font-family:ui-monospace,monospace}pre{background:#f4f4f4;padding:.6rem;"
    "overflow:auto}summary{cursor:pointer}b{display:inline-block;min-width:4rem}"
)
#: A page that may run nothing and load nothing.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def page(document: Mapping[str, Any]) -> str:
    """HTML."""
    info = document["info"]
    rows = [
        _operation(path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    schemas = [
        f"<details id='{escape(name)}'><summary><code>{escape(name)}</code></summary>"
        f"{_pre(schema)}</details>"
        for name, schema in document["components"]["schemas"].items()
    ]
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(info['title'])}</title>"
        f"<style>{_STYLE}</style><h1>{escape(info['title'])} {escape(info['version'])}</h1>"
        f"<p>{escape(info['description'])} <a href=/openapi.json>openapi.json</a></p>"
        f"<h2>Routes</h2>{''.join(rows)}<h2>Bodies</h2>{''.join(schemas)}</html>"
    )


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    what = str(operation.get("summary", ""))
    inside = {key: operation[key] for key in ("parameters", "requestBody") if key in operation}
    statuses = "".join(
        f"<li><code>{escape(status)}</code> {escape(told['description'])}</li>"
        for status, told in operation["responses"].items()
    )
    more = f"<p>{escape(operation['description'])}</p>" if "description" in operation else ""
    return (
        f"<details><summary><b>{escape(method.upper())}</b> <code>{escape(path)}</code> "
        f"{escape(what)}</summary>{more}{_pre(inside) if inside else ''}<ul>{statuses}</ul>"
        "</details>"
    )


def _pre(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, indent=1, ensure_ascii=False))}</pre>"
