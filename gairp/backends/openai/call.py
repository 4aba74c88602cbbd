"""One call: a body is sent, and what comes back is read, timed and put together."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncGenerator, Mapping
from time import perf_counter
from typing import Any

from gairp.backends.openai.answer import Answer
from gairp.backends.openai.broken import BrokenAnswerError
from gairp.backends.openai.channel import Channel, Sent
from gairp.backends.openai.parse import parse_body, parse_event
from gairp.backends.openai.patience import Patience
from gairp.backends.openai.sse import Event, EventReader
from gairp.backends.openai.usage import Recount, Reported, partial, read_usage, settled
from gairp.pricing.tokens import Encoding
from gairp.types import NO_USAGE, Failure, Response, Usage

Json = Mapping[str, Any]
_DRAIN_S = 0.1  # a connection can be used again once its answer was read to the last byte
_STRANGE = (AttributeError, IndexError, KeyError, TypeError, ValueError)


class Call:
    """`chat` is the composed body, `body` the same as this wire wants it; `name` the request's.

    Times are those of `perf_counter`, from the making of this object.
    """

    def __init__(
        self,
        channel: Channel,
        answer: Answer,
        *,
        name: str,
        chat: Json,
        body: Json,
        patience: Patience,
    ) -> None:
        self.answer, self.name, self.chat, self.body = answer, name, chat, body
        self.sent = Sent()
        self._channel = channel
        self._streams = bool(body.get("stream"))
        self._wait = patience.begin(stream=self._streams)
        self._done = False
        self._began = self._last = perf_counter()
        self._first_token = self._last_token = math.nan

    async def events(self) -> AsyncGenerator[Json, None]:
        """What the server sends, event by event, each to be handed to `take` at once.

        An answer in one piece is one event. Raises whatever breaks the answer, and gives the
        connection back when it ends or is closed.
        """
        post = self._channel.post(self.answer.path, self.body, self.sent, name=self.name)
        response = await self._wait.for_(post)
        chunks = response.aiter_bytes()
        try:
            self._streams = _streams(response, self._streams)
            if not self._streams:
                yield parse_body(await self._whole(chunks))
                return
            reader = EventReader()
            while (batch := await self._next(chunks, reader)) is not None:
                for event in batch:
                    if event.data.startswith(b"[DONE]"):
                        await self._finish(chunks)
                        return
                    yield parse_event(event)
            self._check_end()
        finally:
            await chunks.aclose()
            await response.aclose()

    def take(self, event: Json) -> str:
        """Let the answer grow by an event; the text that it adds. Raises BrokenAnswerError."""
        answer = self.answer
        before = answer.pieces
        try:
            text = answer.feed(event) if self._streams else answer.take(event)
        except _STRANGE as error:
            raise BrokenAnswerError(
                "malformed", f"an event is not as OpenAI's ({type(error).__name__}: {error})"
            ) from None
        self._last = perf_counter()
        if answer.pieces != before:
            self._last_token = self._last
            if not before:
                self._first_token = self._last
        self._wait.heard(token=answer.pieces > 0, ended=answer.finish_reason is not None)
        return text

    def response(self, failure: Failure | None, encoding: Encoding) -> Response:
        """All that is known of the call, whole or broken."""
        answer = self.answer
        reported = read_usage(answer.usage)
        ended = self._last if failure is None else perf_counter()
        return Response(
            model=answer.model,
            content=answer.content,
            message=answer.message(),
            usage=self._usage(reported, failure, encoding),
            first_token_s=self._first_token - self._began if self._streams else math.nan,
            latency_s=ended - self._began,
            inter_token_s=self._gap(),
            cost_usd=reported.cost_usd,
            finish_reason=answer.finish_reason or ("stop" if failure is None else "error"),
            signals=answer.logprobs.signals(),
            error=failure,
        )

    # -- inside ---------------------------------------------------------------------------

    async def _next(self, chunks: Any, reader: EventReader) -> list[Event] | None:
        """The events of the next bytes; None when no more come."""
        try:
            data = await self._wait.for_(anext(chunks, None))
        except Exception:
            if self.answer.finish_reason is None:
                raise
            return None  # the answer was whole before the connection broke
        return reader.feed(data) if data is not None else reader.end() or None

    async def _whole(self, chunks: Any) -> bytes:
        parts = []
        while (data := await self._wait.for_(anext(chunks, None))) is not None:
            parts.append(data)
        return b"".join(parts)

    async def _finish(self, chunks: Any) -> None:
        self._last = perf_counter()
        self._done = True
        self._check_end()
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_DRAIN_S):
                async for _ in chunks:
                    pass

    def _check_end(self) -> None:
        """Some vendors leave out `[DONE]`, others the reason: either of them is an end."""
        answer = self.answer
        if answer.finish_reason is None and not (self._done and answer.pieces):
            what = f"after {answer.pieces} pieces" if answer.pieces else "before any text"
            raise BrokenAnswerError("truncated", f"the stream ended {what}, without its end mark")

    def _usage(self, reported: Reported, failure: Failure | None, encoding: Encoding) -> Usage:
        if failure is not None and not failure.billing_unknown:
            return NO_USAGE
        answer = self.answer
        recount = Recount(self.chat, answer.generated(), encoding)
        if failure is not None:
            return partial(reported, recount)
        return settled(reported, recount, thought=answer.thought)

    def _gap(self) -> float:
        gaps = self.answer.pieces - 1
        return (self._last_token - self._first_token) / gaps if gaps > 0 else math.nan


def _streams(response: Any, asked: bool) -> bool:
    """Whether the body comes as events: what the server says goes before what was asked for."""
    told = response.headers.get("content-type", "").lower()
    if told.startswith("text/html"):
        raise BrokenAnswerError(
            "malformed", "a page of HTML came in place of an answer; is base_url right?"
        )
    if told.startswith("text/event-stream"):
        return True
    return asked and "json" not in told
