"""Reads along with a stream that passes through.

Whole events are handed on in the bytes they came in; what is read of them is usage, errors, and
the sign of the end, which is held back until the call is settled.
"""

from __future__ import annotations

import json
import math
import re

from gairp.gateway.exchange.answer import Answer, read_answer
from gairp.types import Operation

_KEPT = 4 << 20
_DONE = b"[DONE]"
#: Events that may matter hold one of these.
_SIGNS = (b'"usage"', _DONE, b'"error"', b'"finish_reason":"', b'"finish_reason": "', b"response.")
_BLOCK_END = re.compile(rb"\r\n\r\n|\n\n")


def _typed(*names: bytes) -> tuple[bytes, ...]:
    """How events of these types are told; text within an event cannot be taken for it."""
    return tuple(b'"type":' + gap + b'"' + name + b'"' for name in names for gap in (b"", b" "))


_ENDS = _typed(b"response.completed", b"response.incomplete")
#: The error is within the response, or is the event itself.
_FAILED = _typed(b"response.failed", b"error")


class StreamScan:
    """Feed it what comes; relay what it gives back; then ask it how the stream ended."""

    def __init__(self, operation: Operation, *, with_usage: bool) -> None:
        """`with_usage`: the client asked for the usage event; otherwise it is ours alone."""
        self._operation, self._with_usage = operation, with_usage
        self._rest = b""
        self.last = b""  #: the sign of the end, to be sent when all is settled
        self.events = 0
        self.error: Answer | None = None
        self.error_data = b""
        self.model, self.finish_reason = "", ""
        self.usage: Answer | None = None
        self._seen: list[bytes] = []
        self._size = 0

    @property
    def done(self) -> bool:
        """The server has said that this was all."""
        return bool(self.last) or bool(self.finish_reason)

    def feed(self, piece: bytes) -> bytes:
        """The whole events that can be sent on now."""
        data = self._rest + piece if self._rest else piece
        cut = _after(data)
        whole, self._rest = data[:cut], data[cut:]
        if not whole:
            return b""
        self._keep(whole)
        first = b""
        while not self.events and whole:  # who answers is in the first event
            first, whole = first + self._each(whole[: (end := _block(whole))]), whole[end:]
        # From the event on that holds the first sign each is read; those before it pass.
        begin = _before_sign(whole)
        self.events += whole.count(b"data:", 0, begin)
        return first + whole[:begin] + self._each(whole[begin:])

    def end(self) -> bytes:
        """What is left when no more comes: many servers leave out the last empty line."""
        rest, self._rest = self._rest, b""
        if not rest.strip():
            return b""
        self._keep(rest)
        return self._each(rest + b"\n\n") if _readable(rest) else b""

    def text_bytes(self) -> bytes:
        """What was relayed, or its first megabytes: to count tokens where nobody said them."""
        return b"".join(self._seen)

    def _keep(self, whole: bytes) -> None:
        if self._size < _KEPT:
            self._seen.append(whole)
            self._size += len(whole)

    def _each(self, whole: bytes) -> bytes:
        windows = b"\r\n\r\n" in whole
        mark = b"\r\n\r\n" if windows else b"\n\n"
        out = [
            block + mark for block in whole.split(mark) if block.strip() and self._relayed(block)
        ]
        return b"".join(out)

    def _relayed(self, block: bytes) -> bool:
        """Whether this event is the client's to see now."""
        data = _data(block)
        if data is None:
            return True  # a comment
        self.events += 1
        if data == _DONE:
            self.last = block + b"\n\n"
            return False
        answer = read_answer(data)
        if answer is None:
            return True
        if answer.error and self.error is None:
            self.error, self.error_data = answer, data
            return False
        return self._noted(block, data, answer)

    def _noted(self, block: bytes, data: bytes, answer: Answer) -> bool:
        self.model = answer.model or self.model
        if self._operation == "response":
            return self._of_response(block, data, answer)
        self.finish_reason = answer.finish_reason or self.finish_reason
        if not answer.usage:
            return True
        self.usage = answer
        alone = b'"choices":[]' in data or b'"choices": []' in data
        return self._with_usage or not alone

    def _of_response(self, block: bytes, data: bytes, answer: Answer) -> bool:
        if any(sign in data[:200] for sign in _FAILED):
            self.error, self.error_data = self.error or answer, self.error_data or _error_of(data)
            self.usage = answer if answer.usage else self.usage
            return False
        if not any(end in data[:200] for end in _ENDS):
            return True
        self.usage = answer if answer.usage else self.usage
        self.finish_reason = answer.finish_reason or "completed"
        self.last = block + b"\n\n"
        return False


def tokens_of(scan: StreamScan) -> tuple[float, float, float]:
    """(input, output, cached) as the stream said; NaN where it did not."""
    if scan.usage is None:
        return math.nan, math.nan, 0.0
    return scan.usage.input_tokens, scan.usage.output_tokens, scan.usage.cached_tokens


def _error_of(data: bytes) -> bytes:
    """The error of a response that failed, as any other error is written."""
    response = json.loads(data).get("response")
    error = response.get("error") if isinstance(response, dict) else None
    return data if error is None else json.dumps({"error": error}).encode()


def _after(data: bytes) -> int:
    """Where the last whole event ends; 0 without one."""
    unix, windows = data.rfind(b"\n\n"), data.rfind(b"\r\n\r\n")
    return max(unix + 2 if unix >= 0 else 0, windows + 4 if windows >= 0 else 0)


def _before_sign(data: bytes) -> int:
    """Where the first event begins that may matter; the end of all where none does."""
    signs = [at for at in map(data.find, _SIGNS) if at >= 0]
    return _after(data[: min(signs)]) if signs else len(data)


def _block(data: bytes) -> int:
    """Where the first event ends, with its empty line."""
    end = _BLOCK_END.search(data)
    return len(data) if end is None else end.end()


def _data(block: bytes) -> bytes | None:
    """The data of an event; None where it has none."""
    if block.startswith(b"data: ") and b"\n" not in block:
        return block[6:].strip()
    lines = [line.strip() for line in block.split(b"\n")]
    data = [line[5:].strip() for line in lines if line.startswith(b"data:")]
    return b"\n".join(data) if data else None


def _readable(rest: bytes) -> bool:
    data = _data(rest.strip())
    return data is not None and (data == _DONE or read_answer(data) is not None)
