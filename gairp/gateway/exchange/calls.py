"""Makes the router's calls for one client, and relays what streams."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

from gairp.backends.http.errors import HttpError
from gairp.gateway.exchange.answer import read_answer
from gairp.gateway.exchange.client import Client, Headers
from gairp.gateway.exchange.recount import recounted
from gairp.gateway.exchange.request import GatewayRequest
from gairp.gateway.exchange.scan import StreamScan, tokens_of
from gairp.gateway.exchange.splice import Splicer
from gairp.gateway.exchange.upstream import Upstream
from gairp.routing.load_board import LoadBoard
from gairp.routing.slots import Lane, Slots
from gairp.routing.steps import Call
from gairp.types import Arm, Failure, FailureKind, Response, Usage

if TYPE_CHECKING:
    from gairp.backends.http.response import Response as Answer

_STREAM = b"text/event-stream"
#: Headers that are of one connection, or that are ours to write.
_OURS = frozenset(
    {
        b"connection", b"content-length", b"date", b"keep-alive", b"server", b"set-cookie",
        b"transfer-encoding", b"x-request-id", b"trailer", b"upgrade", b"proxy-authenticate",
    }
)  # fmt: skip


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """What all requests share: the arms, and the servers behind them."""

    arms: Mapping[str, Arm]
    splicers: Mapping[str, Splicer]
    upstreams: Mapping[str, Upstream]
    slots: Slots
    board: LoadBoard
    encoding: str = "o200k_base"


class Kept(msgspec.Struct, kw_only=True):
    """What is to be sent: an answer, or the error of the server that answered last."""

    status: int = 0
    headers: Headers = ()
    body: bytes = b""


class Held(msgspec.Struct, kw_only=True):
    """A stream that is not yet the answer: another arm may be asked once it is over."""

    call: Call
    headers: Headers
    body: bytearray


class Calls:
    """Calls for one request; `begin` gives the headers of a stream once an arm has begun it."""

    __slots__ = ("_begin", "_client", "_raw", "_request", "_stage", "held", "hold", "kept", "last")

    def __init__(
        self,
        stage: Stage,
        request: GatewayRequest,
        raw: bytes,
        client: Client,
        begin: Callable[[Call, Headers], Headers],
    ) -> None:
        self._stage, self._request, self._raw, self._client = stage, request, raw, client
        self._begin = begin
        self.kept: Kept | None = None
        self.hold = False  #: whether streams are held back until one of them is the answer
        self.held: Held | None = None
        self.last = b""  #: of a stream: what says that it is over

    def over(self) -> None:
        """No more calls. Lets go of who made it: a cycle would wait for the garbage collector."""
        self._begin = _as_it_is

    def make(self, call: Call) -> Coroutine[Any, Any, Response]:
        """One call; what goes wrong is in the response."""
        arm = self._stage.arms[call.decision.arm]
        lane = self._stage.slots.limited(arm.model)
        return self._asked(call, arm) if lane is None else self._in_lane(call, arm, lane)

    async def _in_lane(self, call: Call, arm: Arm, lane: Lane) -> Response:
        board = self._stage.board
        board.waiting(arm.name, 1)
        try:
            async with asyncio.timeout_at(_finite(self._request.flight.due)):
                queue_s = await lane.enter()
        except TimeoutError:
            return _failed(arm, "timeout", f"no free place for model {arm.model!r} in time", 0.0)
        finally:
            board.waiting(arm.name, -1)
        try:
            response = await self._asked(call, arm)
        finally:
            lane.leave()
        return msgspec.structs.replace(response, queue_s=queue_s) if queue_s else response

    async def _asked(self, call: Call, arm: Arm) -> Response:
        self.held = None  # what another arm had said is not the answer
        stage, request = self._stage, self._request
        upstream = stage.upstreams[arm.backend]
        body = stage.splicers[arm.name].body(request.operation, request.peek, self._raw)
        loop = request.flight.loop
        start = loop.time()
        more: Headers = ((b"x-request-id", call.id.encode()),)
        if request.watched is not None:
            more = (*more, *request.watched.headers_of(call))
        started, response = False, None
        stage.board.started(arm.name)
        try:
            answer = await upstream.post(request.operation, body, more, request.flight.due)
            started = answer.status == 200
            if not started:
                response = await self._refused(arm, upstream, answer, start)
            elif request.peek.stream and _is_stream(answer):
                response = await self._relay(call, arm, upstream, answer, body, start)
            else:
                data = answer.take() if answer.complete else await answer.read()
                response = self._whole(arm, answer, body, data, loop.time() - start)
        except HttpError as error:
            response = self._broken(arm, upstream, error, loop.time() - start, started=started)
        finally:
            answered = response is not None and response.error is None
            stage.board.ended(arm.name, response.latency_s if response and answered else math.nan)
        return response

    # -- whole answers ---------------------------------------------------------------------

    def _whole(
        self, arm: Arm, answer: Answer, body: bytes, data: bytes, latency_s: float
    ) -> Response:
        found = read_answer(data)
        if found is None:
            return _failed(
                arm, "malformed", "the answer is no JSON object", latency_s, unknown=True
            )
        if found.error and not found.usage:
            return self._error_inside(arm, data, latency_s)
        usage = found.tokens()
        if not found.usage:
            usage = recounted(self._request.operation, body, data, self._stage.encoding)
        self.kept = Kept(status=200, headers=_passed(answer.headers), body=data)
        return Response(
            model=found.model or arm.model,
            usage=usage,
            latency_s=latency_s,
            finish_reason=found.finish_reason or "stop",
            digest=blake2b(data, digest_size=16).hexdigest(),
        )

    def _error_inside(self, arm: Arm, data: bytes, latency_s: float) -> Response:
        """An error with status 200."""
        failure = self._stage.upstreams[arm.backend].failure_inside(_place(arm), data)
        return Response(model=arm.model, finish_reason="", latency_s=latency_s, error=failure)

    async def _refused(
        self, arm: Arm, upstream: Upstream, answer: Answer, start: float
    ) -> Response:
        data = await answer.read()
        self.kept = Kept(status=answer.status, headers=_passed(answer.headers), body=data)
        return Response(
            model=arm.model,
            finish_reason="",
            latency_s=self._request.flight.loop.time() - start,
            error=upstream.failure(_place(arm), answer.status, answer.headers, data),
        )

    def _broken(
        self, arm: Arm, upstream: Upstream, error: HttpError, latency_s: float, *, started: bool
    ) -> Response:
        message = upstream.secrets.scrub(f"{_place(arm)}: {error}")
        return Response(
            model=arm.model,
            finish_reason="",
            latency_s=latency_s,
            error=Failure(
                kind=error.kind, message=message, started=started,
                billing_unknown=not error.unsent,
            ),
        )  # fmt: skip

    # -- streams ---------------------------------------------------------------------------

    async def _relay(
        self, call: Call, arm: Arm, upstream: Upstream, answer: Answer, body: bytes, start: float
    ) -> Response:
        request, flight = self._request, self._request.flight
        loop = flight.loop
        scan = StreamScan(request.operation, with_usage=request.peek.include_usage)
        first_s = math.nan
        error: Failure | None = None
        try:
            async for piece in answer:
                out = scan.feed(piece)
                if out and (flight.committed or scan.error is None):
                    if first_s != first_s:
                        first_s = loop.time() - start
                    await self._more(call, answer, out)
                if scan.error is not None:
                    break
            else:
                if out := scan.end():
                    await self._more(call, answer, out)
        except HttpError as broken:
            if not scan.done:
                message = upstream.secrets.scrub(f"{_place(arm)}: {broken}")
                error = Failure(
                    kind=broken.kind, message=message, started=first_s == first_s,
                    billing_unknown=True,
                )  # fmt: skip
        except asyncio.CancelledError:
            if not (flight.gone and flight.committed):
                raise
            _uncancel()
            return self._abandoned(arm, scan, body, first_s, loop.time() - start)
        finally:
            answer.close()
        error = error or self._ended(arm, upstream, scan)
        return self._told(arm, scan, body, first_s, loop.time() - start, error)

    async def release(self) -> None:
        """Send the stream that was held back: it is the answer."""
        held, self.held = self.held, None
        assert held is not None
        self._request.flight.committed = True
        await self._client.start(self._begin(held.call, held.headers))
        await self._client.write(bytes(held.body))

    async def _more(self, call: Call, answer: Answer, out: bytes) -> None:
        """To the client, or held back."""
        flight = self._request.flight
        if self.hold:
            if self.held is None:
                self.held = Held(call=call, headers=_passed(answer.headers), body=bytearray())
            self.held.body += out
            return
        if not flight.committed:
            flight.committed = True
            await self._client.start(self._begin(call, _passed(answer.headers)))
        await self._client.write(out)

    def _ended(self, arm: Arm, upstream: Upstream, scan: StreamScan) -> Failure | None:
        """What is wrong with a stream that has come to its end."""
        if scan.error is not None:
            failure = upstream.failure_inside(_place(arm), scan.error_data)
            return msgspec.structs.replace(failure, started=scan.events > 1)
        if scan.done:
            return None
        return Failure(
            kind="truncated",
            message=f"{_place(arm)}: the stream ended without [DONE] and without a finish reason",
            started=scan.events > 0,
            billing_unknown=True,
        )

    def _told(
        self, arm: Arm, scan: StreamScan, body: bytes, first_s: float, latency_s: float,
        error: Failure | None,
    ) -> Response:  # fmt: skip
        self.last = scan.last
        given, made, cached = tokens_of(scan)
        usage = Usage(input_tokens=given, output_tokens=made, cached_tokens=cached)
        if scan.usage is None:
            usage = recounted(
                self._request.operation, body, scan.text_bytes(), self._stage.encoding,
                partial=error is not None,
            )  # fmt: skip
        gaps = max(scan.events - 1, 1)
        return Response(
            model=scan.model or arm.model,
            usage=usage,
            first_token_s=first_s,
            latency_s=latency_s,
            inter_token_s=(latency_s - first_s) / gaps,
            finish_reason="" if error is not None else scan.finish_reason or "stop",
            digest=blake2b(scan.text_bytes(), digest_size=16).hexdigest(),
            error=error,
        )

    def _abandoned(
        self, arm: Arm, scan: StreamScan, body: bytes, first_s: float, latency_s: float
    ) -> Response:
        """The client has left in the middle: what was generated until then is billed."""
        response = self._told(arm, scan, body, first_s, latency_s, None)
        usage = msgspec.structs.replace(response.usage, source="partial")
        return msgspec.structs.replace(response, usage=usage, finish_reason="client_disconnected")


def _as_it_is(call: Call, headers: Headers) -> Headers:
    return headers


def _is_stream(answer: Answer) -> bool:
    kind = answer.header(b"content-type")
    return kind is not None and kind.lower().startswith(_STREAM)


def _passed(headers: Headers) -> list[tuple[bytes, bytes]]:
    """The server's headers that are for the client; one that is a gateway too has its own."""
    passed = []
    for pair in headers:
        name = pair[0].lower()
        if name not in _OURS and name[:8] != b"x-gairp-":
            passed.append((name, pair[1]))
    return passed


def _place(arm: Arm) -> str:
    return f"backend {arm.backend!r}, arm {arm.name!r}"


def _failed(
    arm: Arm, kind: FailureKind, message: str, latency_s: float, *, unknown: bool = False
) -> Response:
    return Response(
        model=arm.model,
        finish_reason="",
        latency_s=latency_s,
        error=Failure(kind=kind, message=f"{_place(arm)}: {message}", billing_unknown=unknown),
    )


def _finite(due: float) -> float | None:
    return None if due == math.inf else due


def _uncancel() -> None:
    task: asyncio.Task[Any] | None = asyncio.current_task()
    if task is not None:
        task.uncancel()
