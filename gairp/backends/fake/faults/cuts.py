"""Connections that break, end early or go silent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from gairp.backends.fake.faults.base import Fault
from gairp.backends.fake.faults.halves import half
from gairp.backends.fake.ledger import Bill
from gairp.backends.fake.piece import Act, Piece, Reply, act
from gairp.backends.fake.scene import Scene
from gairp.backends.fake.wire.completion import Completion


class _Cut(Fault):
    """Something happens to the connection in place of the rest."""

    what: ClassVar[Act]
    usual_bill: ClassVar[Bill | None] = "all"

    def rewrite(self, reply: Reply, scene: Scene, completion: Completion) -> Reply:
        """The pieces up to the cut."""
        reply.pieces = self._cut(reply.pieces)
        return reply

    def _cut(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        yield act(self.what)


class ResetBeforeHeaders(_Cut):
    """The connection is reset when the answer is ready, before anything of it was sent."""

    what = Act.RESET
    example = "{kind: reset_before_headers, when: first 1}"


class HangBeforeHeaders(_Cut):
    """Nothing comes, and the connection stays open."""

    what = Act.HANG
    example = "{kind: hang_before_headers, when: every 5}"


class ResetAfterHeaders(_Cut):
    """The head comes, then a reset before the first byte of the body."""

    what = Act.RESET
    example = "{kind: reset_after_headers, when: first 1}"

    def _cut(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        yield next(pieces)
        yield act(self.what)


class _Midway(_Cut, kw_only=True):
    """Some of the answer comes; of a whole answer, half its bytes."""

    after_chunks: int = 3  #: pieces of text that come before
    usual_bill: ClassVar[Bill | None] = "sent"

    def _cut(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        left = self.after_chunks
        for piece in pieces:
            if piece.role == "body":
                yield half(piece)
                break
            left -= piece.role == "text"
            if left < 0 or piece.role in ("final", "usage", "done"):
                break
            yield piece
        yield act(self.what)


class ResetMidstream(_Midway):
    """The connection is reset in the middle of the answer."""

    what = Act.RESET
    example = "{kind: reset_midstream, after_chunks: 3, when: every 5}"


class CloseMidstream(_Midway):
    """The connection is closed in the middle of the answer, its length not kept."""

    what = Act.CLOSE
    example = "{kind: close_midstream, after_chunks: 3}"


class EndMidstream(_Midway):
    """A stream ends properly for HTTP, without a finish reason: a truncated answer."""

    what = Act.END
    example = "{kind: end_midstream, after_chunks: 3, only: stream}"


class HangMidstream(_Midway, kw_only=True):
    """Some of the answer comes, then nothing more, and the connection stays open."""

    what = Act.HANG
    after_chunks: int = 1
    example = "{kind: hang_midstream, after_chunks: 1}"
