"""A piece of which only the first half of the bytes is sent."""

from __future__ import annotations

from gairp.backends.fake.piece import Piece


def half(piece: Piece) -> Piece:
    """Half of the bytes, and of the tokens that they hold."""
    return Piece(
        data=piece.data[: len(piece.data) // 2],
        role=piece.role,
        tokens=piece.tokens // 2,
        wait_s=piece.wait_s,
    )
