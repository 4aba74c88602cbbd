"""Streams that are right, and hard to read."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from gairp.backends.fake.faults.base import Fault
from gairp.backends.fake.piece import Act, Piece, Reply, act
from gairp.backends.fake.scene import Scene
from gairp.backends.fake.wire.completion import Completion

_APART_S = 0.002  # long enough for two writes to be two reads


class _Framing(Fault):
    """The same bytes, otherwise cut up or dressed."""

    def rewrite(self, reply: Reply, scene: Scene, completion: Completion) -> Reply:
        """Every piece after the head."""
        reply.pieces = self._reframed(reply.pieces)
        return reply

    def _reframed(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        for piece in pieces:
            if piece.role == "head" or not piece.data:
                yield piece
            else:
                yield from self._each(piece)

    def _each(self, piece: Piece) -> Iterator[Piece]:
        yield piece


class SlowDrip(_Framing, kw_only=True):
    """Byte by byte."""

    every_s: float = 0.001
    example = "{kind: slow_drip, every_s: 0.001}"

    def _each(self, piece: Piece) -> Iterator[Piece]:
        yield _part(piece, piece.data[:1], wait_s=piece.wait_s + self.every_s)
        for i in range(1, len(piece.data)):
            tokens = piece.tokens if i == len(piece.data) - 1 else 0
            yield _part(piece, piece.data[i : i + 1], wait_s=self.every_s, tokens=tokens)


class SplitUnicode(_Framing):
    """Characters of several bytes arrive in two segments, cut within the character."""

    example = "{kind: split_unicode}"

    def _each(self, piece: Piece) -> Iterator[Piece]:
        at = next((i for i, byte in enumerate(piece.data) if byte >= 0xC0), None)
        if at is None:
            yield piece
            return
        yield _part(piece, piece.data[: at + 1], wait_s=piece.wait_s)
        yield _part(piece, piece.data[at + 1 :], wait_s=_APART_S, tokens=piece.tokens)


class SseComments(_Framing):
    """A comment before every event of a stream."""

    example = "{kind: sse_comments, only: stream}"

    def _each(self, piece: Piece) -> Iterator[Piece]:
        if piece.role != "body":
            piece.data = b": keep-alive\n\n" + piece.data
        yield piece


class CrlfLines(_Framing):
    """Lines of a stream end with CR and LF."""

    example = "{kind: crlf_lines, only: stream}"

    def _each(self, piece: Piece) -> Iterator[Piece]:
        if piece.role != "body":
            piece.data = piece.data.replace(b"\n", b"\r\n")
        yield piece


class JoinedEvents(_Framing, kw_only=True):
    """Several events of a stream arrive in one segment."""

    events: int = 4
    example = "{kind: joined_events, events: 4, only: stream}"

    def _reframed(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        held: list[Piece] = []
        for piece in pieces:
            if piece.role in ("head", "body") or piece.act is not None:
                yield from _joined(held)
                yield piece
                held = []
                continue
            held.append(piece)
            if len(held) == self.events:
                yield from _joined(held)
                held = []
        yield from _joined(held)


class DuplicatedFinal(_Framing):
    """The last chunk of a stream comes twice."""

    example = "{kind: duplicated_final, only: stream}"

    def _each(self, piece: Piece) -> Iterator[Piece]:
        yield piece
        if piece.role == "final":
            yield _part(piece, piece.data)


class MissingDone(_Framing):
    """A stream ends without `data: [DONE]`."""

    example = "{kind: missing_done, only: stream}"

    def _each(self, piece: Piece) -> Iterator[Piece]:
        if piece.role != "done":
            yield piece


class Heartbeat(Fault, kw_only=True):
    """After some text only comments come, for ever: the connection lives, the answer does not."""

    after_chunks: int = 0
    every_s: float = 0.05
    example = "{kind: heartbeat, every_s: 0.05, only: stream}"

    def rewrite(self, reply: Reply, scene: Scene, completion: Completion) -> Reply:
        """A whole answer just hangs."""
        reply.pieces = self._beating(reply.pieces)
        return reply

    def _beating(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        left = self.after_chunks
        for piece in pieces:
            left -= piece.role == "text"
            if left < 0 or piece.role in ("final", "usage", "done", "body"):
                break
            yield piece
        while piece.role != "body":
            yield Piece(data=b": keep-alive\n\n", wait_s=self.every_s)
        yield act(Act.HANG)


def _part(piece: Piece, data: bytes, *, wait_s: float = 0.0, tokens: int = 0) -> Piece:
    return msgspec.structs.replace(piece, data=data, wait_s=wait_s, tokens=tokens)


def _joined(pieces: list[Piece]) -> Iterator[Piece]:
    if pieces:
        yield Piece(
            data=b"".join([piece.data for piece in pieces]),
            role=pieces[-1].role,
            tokens=sum([piece.tokens for piece in pieces]),
            wait_s=sum([piece.wait_s for piece in pieces]),
        )
