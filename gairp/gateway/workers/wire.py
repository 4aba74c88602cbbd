"""What workers and learner say to each other over their Unix socket: framed msgpack."""

from __future__ import annotations

import asyncio
from typing import Literal

import msgspec

from gairp.gateway.errors import ApiError
from gairp.gateway.learners.recipe import PolicyRecipe

_LENGTH = 4


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag="hello"):
    """A worker has come; it is told every state, then `Told`."""

    worker: str


class Features(msgspec.Struct, frozen=True, kw_only=True, tag="features"):
    """A fitted feature builder, pickled; told before the first state that needs it.

    The socket is this user's alone, and the process at its other end the same program.
    """

    fingerprint: str
    builder: bytes


class State(msgspec.Struct, frozen=True, kw_only=True, tag="state"):
    """A learner as it stood after so many events of the journal."""

    recipe: PolicyRecipe
    version: str
    in_charge: bool
    as_of: int
    updates: int
    state: bytes | None  #: None where the recipe says it all
    features: str  #: fingerprint of the builder


class Told(msgspec.Struct, frozen=True, kw_only=True, tag="told"):
    """That was all there is to know at first."""


class Ask(msgspec.Struct, frozen=True, kw_only=True, tag="ask"):
    """A client's question that only the learner can answer."""

    id: int
    what: Literal["feedback", "decision"]
    body: bytes
    tenant: str | None  #: None: any, for an operator


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag="answer"):
    """The JSON that the client gets, or the error: status, code, message, param."""

    id: int
    body: bytes = b""
    error: tuple[int, str | None, str, str | None] | None = None

    def checked(self) -> bytes:
        """The body; ApiError where it is an error."""
        if self.error is None:
            return self.body
        status, code, message, param = self.error
        raise ApiError(status, message, code=code, param=param)


class Kept(msgspec.Struct, frozen=True, kw_only=True, tag="kept"):
    """A unit keeps to this arm from now on."""

    unit: str
    arm: str


Message = Hello | Features | State | Told | Ask | Answer | Kept
_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


def framed(message: Message) -> bytes:
    """Length and message."""
    data = _ENCODER.encode(message)
    return len(data).to_bytes(_LENGTH, "big") + data


async def heard(reader: asyncio.StreamReader) -> Message | None:
    """The next message; None where the other side is gone."""
    try:
        size = int.from_bytes(await reader.readexactly(_LENGTH), "big")
        return _DECODER.decode(await reader.readexactly(size))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


def refused(ask: Ask, error: ApiError) -> Answer:
    """An error as an answer."""
    return Answer(id=ask.id, error=(error.status, error.code, error.message, error.param))
