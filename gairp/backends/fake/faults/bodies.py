"""Bodies that are not what the head promised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from gairp.backends.fake.faults.base import Fault
from gairp.backends.fake.faults.halves import half
from gairp.backends.fake.http import whole
from gairp.backends.fake.ledger import Bill
from gairp.backends.fake.piece import Act, Piece, Reply, act
from gairp.backends.fake.scene import Scene
from gairp.backends.fake.wire.completion import Completion

_PAGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>"


class GarbageJson(Fault, kw_only=True):
    """The body is not JSON; of a stream, one of its events is not, and the rest follows."""

    after_chunks: int = 1
    usual_bill: ClassVar[Bill | None] = "all"
    example = "{kind: garbage_json, when: every 7}"

    def rewrite(self, reply: Reply, scene: Scene, completion: Completion) -> Reply:
        """One piece is spoilt."""
        if not reply.stream:
            return whole(200, b'{"id": "x", "choices": [{"message": {"con\x00\xff')
        reply.pieces = self._spoilt(reply.pieces)
        return reply

    def _spoilt(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        left = self.after_chunks
        for piece in pieces:
            if left == 0 and piece.role in ("text", "final"):
                yield Piece(data=b'data: {"id": "x", "choices": [{"delta": {"con\n\n')
            left -= piece.role == "text"
            yield piece


class HtmlPage(Fault):
    """Status 200 with a page of HTML, as a proxy in between would send."""

    example = "{kind: html_page, when: first 1}"

    def refuse(self, scene: Scene) -> Reply | None:
        """The page."""
        return whole(200, _PAGE, content_type="text/html; charset=UTF-8")


class TruncatedBody(Fault):
    """A whole answer is shorter than its Content-Length, and a stream lacks the mark of its end."""

    usual_bill: ClassVar[Bill | None] = "all"
    example = "{kind: truncated_body, only: whole}"

    def rewrite(self, reply: Reply, scene: Scene, completion: Completion) -> Reply:
        """Then the connection ends."""
        reply.pieces = self._truncated(reply.pieces)
        return reply

    def _truncated(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        for piece in pieces:
            yield half(piece) if piece.role == "body" else piece
        yield act(Act.CLOSE)
