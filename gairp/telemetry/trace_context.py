"""W3C Trace Context (Recommendation, 2021): where a request belongs in a distributed trace."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

TRACEPARENT, TRACESTATE = b"traceparent", b"tracestate"
_PARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_STATE = re.compile(rb"[\x20-\x7e]{1,512}")
_SAMPLED = 1


class TraceContext(NamedTuple):
    """The trace, and the span that is the parent of whatever comes next."""

    trace_id: int  #: 128 bits
    parent_id: int  #: 64 bits; 0 where the trace begins here
    sampled: bool
    state: bytes = b""  #: of vendors, passed on as it came


def read_context(headers: Mapping[bytes, bytes]) -> TraceContext | None:
    """As the client's headers have it; None where they have none, or one that is not valid."""
    match = _PARENT.fullmatch(headers.get(TRACEPARENT, b"").strip())
    if match is None:
        return None
    version, trace_id, parent_id = match[1], int(match[2], 16), int(match[3], 16)
    if version == b"ff" or not (trace_id and parent_id) or (version == b"00" and match[5]):
        return None
    state = headers.get(TRACESTATE, b"").strip()
    sampled = bool(int(match[4], 16) & _SAMPLED)
    return TraceContext(trace_id, parent_id, sampled, state if _STATE.fullmatch(state) else b"")


def headers_below(context: TraceContext, span_id: int) -> tuple[tuple[bytes, bytes], ...]:
    """What tells a server that its work belongs below the span."""
    flags = _SAMPLED if context.sampled else 0
    parent = (TRACEPARENT, b"00-%032x-%016x-%02x" % (context.trace_id, span_id, flags))
    return (parent, (TRACESTATE, context.state)) if context.state else (parent,)
