"""W3C Trace Context, as it is read and written."""

from __future__ import annotations

import pytest

from gairp.telemetry.trace_context import TraceContext, headers_below, read_context

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GOOD = f"00-{TRACE}-{SPAN}-01"


def read(parent: str, state: bytes = b"") -> TraceContext | None:
    return read_context({b"traceparent": parent.encode(), b"tracestate": state})


def test_what_a_client_sends_is_passed_on_below_another_span() -> None:
    context = read(GOOD, b"vendor=1,other=x")
    assert context == TraceContext(int(TRACE, 16), int(SPAN, 16), True, b"vendor=1,other=x")
    assert headers_below(context, 255) == (
        (b"traceparent", f"00-{TRACE}-00000000000000ff-01".encode()),
        (b"tracestate", b"vendor=1,other=x"),
    )


def test_flags_are_read_bit_by_bit_and_later_versions_by_their_first_fields() -> None:
    for flags, sampled in (("00", False), ("02", False), ("03", True), ("ff", True)):
        context = read(f"00-{TRACE}-{SPAN}-{flags}")
        assert context is not None
        assert context.sampled is sampled
    later = read(f"01-{TRACE}-{SPAN}-01-more")
    assert later is not None
    assert headers_below(later._replace(sampled=False), 1) == (
        (b"traceparent", f"00-{TRACE}-0000000000000001-00".encode()),
    )


@pytest.mark.parametrize(
    "parent",
    [
        "", "garbage", f"ff-{TRACE}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01", f"00-{TRACE.upper()}-{SPAN}-01", f"{GOOD}-more",
        f"00-{TRACE[:-1]}-{SPAN}-01", f"00-{TRACE}-{SPAN}-1", f"{GOOD}\n{GOOD}",
    ],
)  # fmt: skip
def test_what_is_not_valid_begins_a_new_trace(parent: str) -> None:
    assert read(parent) is None


@pytest.mark.parametrize("state", [b"a" * 513, b"x\x00", b"a\r\nb: c", "ü=1".encode()])
def test_a_state_that_no_header_can_carry_is_left_out(state: bytes) -> None:
    context = read(GOOD, state)
    assert context is not None
    assert context.state == b""
