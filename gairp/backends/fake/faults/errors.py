"""Errors inside answers that began well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import msgspec

from gairp.backends.fake.faults.base import Fault
from gairp.backends.fake.http import whole
from gairp.backends.fake.ledger import Bill
from gairp.backends.fake.piece import Act, Piece, Reply, act
from gairp.backends.fake.scene import Scene
from gairp.backends.fake.wire.completion import Completion
from gairp.backends.fake.wire.sse import event


class ErrorEvent(Fault, kw_only=True):
    """Status 200, some text, then the vendor's error as an event; whole, an error in the body."""

    after_chunks: int = 1
    status: int = 500  #: the one that the error is worded for
    message: str | None = None
    usual_bill: ClassVar[Bill | None] = "sent"
    example = "{kind: error_event, after_chunks: 2, status: 503, when: every 4}"

    def rewrite(self, reply: Reply, scene: Scene, completion: Completion) -> Reply:
        """The pieces up to the error."""
        quirks = scene.quirks
        if not reply.stream:
            body = quirks.error_of(self.status, message=self.message)
            return whole(200, msgspec.json.encode(body))
        if completion.ask.operation == "response":
            error = event(_failed(completion, self.message), "response.failed")
        else:
            error = quirks.stream_error(completion, self.status, self.message)
        reply.pieces = self._until(reply.pieces, error)
        return reply

    def _until(self, pieces: Iterator[Piece], error: bytes) -> Iterator[Piece]:
        left = self.after_chunks
        for piece in pieces:
            left -= piece.role == "text"
            if left < 0 or piece.role in ("final", "usage", "done"):
                break
            yield piece
        yield Piece(data=error)
        yield act(Act.END)


def _failed(completion: Completion, message: str | None) -> dict[str, object]:
    error = {"code": "server_error", "message": message or "The model failed to answer."}
    response: dict[str, object] = {
        "id": f"resp_{completion.id}",
        "object": "response",
        "status": "failed",
        "model": completion.model,
        "error": error,
        "output": [],
        "usage": None,
    }
    return {"type": "response.failed", "response": response}
