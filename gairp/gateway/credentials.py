"""The one header that says who asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gairp.gateway.errors import ApiError

Headers = Sequence[tuple[bytes, bytes]]


def credentials(found: Mapping[bytes, bytes], headers: Headers) -> bytes:
    """The Authorization header; `found` are the headers by name, the last of each.

    Raises ApiError 400 where there are two: who stands before the gateway may have checked the
    other one.
    """
    if len(found) != len(headers) and sum(name == b"authorization" for name, _ in headers) > 1:
        raise ApiError(
            400, "the request has more than one Authorization header", code="invalid_request"
        )
    return found.get(b"authorization", b"")
