"""Keeps what goes to a client, beside sending it."""

from __future__ import annotations

from gairp.gateway.exchange.client import Client, Headers, Line, Send
from gairp.gateway.exchange.request import GatewayRequest

_DECISION = b"x-gairp-decision-id"


class RecordingClient(Client):
    """`request` is that which is answered, where its content is to be kept."""

    __slots__ = ("_most", "answer_bytes", "decision_id", "pieces", "request")

    def __init__(self, send: Send, line: Line | None, most: int) -> None:
        """`most` bytes of the answer are kept."""
        super().__init__(send, line)
        self._most = most
        self.request: GatewayRequest | None = None
        self.decision_id = ""
        self.pieces: list[bytes] = []
        self.answer_bytes = 0

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        """The whole answer in one."""
        self._head(headers)
        self._piece(body)
        await super().whole(status, headers, body)

    async def start(self, headers: Headers) -> None:
        """The head of a stream."""
        self._head(headers)
        await super().start(headers)

    async def write(self, piece: bytes) -> None:
        """More of it."""
        self._piece(piece)
        await super().write(piece)

    async def end(self, piece: bytes = b"") -> None:
        """The last of it."""
        self._piece(piece)
        await super().end(piece)

    def _head(self, headers: Headers) -> None:
        if self.request is not None:
            for name, value in headers:
                if name == _DECISION:
                    self.decision_id = value.decode()

    def _piece(self, piece: bytes) -> None:
        if self.request is None:
            return
        left = self._most - self.answer_bytes
        if left > 0:
            self.pieces.append(piece if len(piece) <= left else piece[:left])
        self.answer_bytes += len(piece)
