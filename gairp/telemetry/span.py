"""A span that is over, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from gairp.telemetry.trace_context import TraceContext

Attribute = str | bool | int | float | list[str]


class Span(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`context` is that of its parent; times are Unix nanoseconds."""

    name: str
    kind: Literal["server", "client"]
    context: TraceContext
    span_id: int
    remote: bool  #: its parent is in another process
    begun_ns: int
    ended_ns: int
    attributes: Mapping[str, Attribute]
    failed: bool = False
