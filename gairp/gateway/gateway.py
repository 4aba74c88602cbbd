"""Finds out what is asked, by whom, and hands it on; the hot path as ASGI."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import msgspec

from gairp.errors import GairpError
from gairp.gateway.content.keeper import ContentKeeper
from gairp.gateway.credentials import credentials
from gairp.gateway.errors import ApiError
from gairp.gateway.exchange.client import Client, Headers, Receive, Send, line_of, read_body
from gairp.gateway.exchange.exchange import Engine, Exchange, new_flight
from gairp.gateway.exchange.peek import peek
from gairp.gateway.exchange.request import GatewayRequest
from gairp.gateway.exchange.shadows import Shadows
from gairp.gateway.exchange.target import Catalogue, Target
from gairp.gateway.exchange.watched import Watched
from gairp.gateway.feedback import FeedbackDesk
from gairp.gateway.feeds.process import FeedProcess
from gairp.gateway.feeds.threads import FeedThreads
from gairp.gateway.learners.house import request_ids
from gairp.gateway.learners.recents import explained
from gairp.gateway.limits.protocol import Limits, NoLimits
from gairp.gateway.metrics import CONTENT_TYPE, Metrics
from gairp.gateway.principal import Principal
from gairp.gateway.tenants.authenticator import Authenticator
from gairp.gateway.tenants.static import anybody
from gairp.gateway.tenants.tokens import UnknownSignerError
from gairp.gateway.watcher import Watcher
from gairp.gateway.workers.peers import Peers
from gairp.telemetry.event import note
from gairp.types import Operation

Scope = Mapping[str, Any]
_LOG = logging.getLogger("gairp.gateway")
_OPERATIONS: Mapping[str, Operation] = {
    "/v1/chat/completions": "chat",
    "/v1/completions": "completion",
    "/v1/embeddings": "embedding",
    "/v1/responses": "response",
}
_JSON: Headers = [(b"content-type", b"application/json")]
Route = Callable[["Gateway", Scope, Receive, Client], Awaitable[None]]
Direct = Callable[[GatewayRequest, Mapping[bytes, bytes]], Target]


class Gateway:
    """What one worker serves; `gairp.gateway.app` makes it.

    `authenticator` turns the Authorization header into a principal, `direct` a request into a
    target: what the client's `model` stands for, or what a rule makes of it.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        catalogue: Catalogue,
        authenticator: Authenticator | None = None,
        limits: Limits | None = None,
        direct: Direct | None = None,
        shadows: Shadows | None = None,
        feeds: FeedProcess | FeedThreads | None = None,
        metrics: Metrics | None = None,
        watcher: Watcher | None = None,
        content: ContentKeeper | None = None,
        largest_body: int = 32 << 20,
        in_flight: int = 4096,
        drain_s: float = 30.0,
        other: Callable[[Scope, Receive, Send], Awaitable[None]] | None = None,
        peers: Peers | None = None,
    ) -> None:
        """`other` serves what is not on the hot path; `peers` are the other processes."""
        self.engine, self.catalogue = engine, catalogue
        self.authenticator = authenticator
        self.authenticate = anybody if authenticator is None else authenticator.authenticate
        self.limits = limits or NoLimits()
        self.direct = direct or self._by_name
        self.shadows = shadows or Shadows(engine)
        self.feeds = feeds
        self.metrics = metrics or Metrics()
        self.watcher, self.content = watcher, content
        self.feedback = FeedbackDesk(engine.house)
        self.largest_body, self.most_in_flight, self.drain_s = largest_body, in_flight, drain_s
        self.in_flight = 0
        self.draining = False
        self._request_id = request_ids("" if peers is None else peers.prefix)
        self._peers = peers
        self._other = other

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """ASGI."""
        operation = _OPERATIONS.get(scope["path"])
        if operation is not None and scope["method"] == "POST":
            return self._serve(operation, scope, receive, send)
        return self._beside(scope, receive, send)

    # -- the hot path ----------------------------------------------------------------------

    async def _serve(
        self, operation: Operation, scope: Scope, receive: Receive, send: Send
    ) -> None:
        line = line_of(scope)
        client = Client(send, line) if self.content is None else self.content.client(send, line)
        if self.in_flight >= self.most_in_flight or self.draining:
            await client.error(_busy(self.draining))
            return
        self.in_flight += 1
        request_id = self._request_id()
        watched = None
        if self.watcher is not None:
            watched = self.watcher.begin(request_id, operation, dict(scope["headers"]))
        try:
            await self._answer(operation, request_id, scope, receive, client, watched)
        except ApiError as error:
            if not client.started:
                await client.error(error, [(b"x-request-id", request_id.encode())])
        except GairpError as error:
            note(_LOG, logging.ERROR, "gateway.failed", f"request {request_id}: {error}",
                 request=request_id)  # fmt: skip
            await self._failed(client, request_id)
        except RecursionError:
            if not client.started:
                await client.error(_TOO_DEEP, [(b"x-request-id", request_id.encode())])
        except Exception as error:
            note(_LOG, logging.ERROR, "gateway.failed", f"request {request_id} failed",
                 error=error, request=request_id)  # fmt: skip
            await self._failed(client, request_id)
        finally:
            self.in_flight -= 1
            self.metrics.answered(client.status)
            if watched is not None:
                watched.end(client.status)
            if self.content is not None:
                self.content.answered(client)

    async def _answer(
        self,
        operation: Operation,
        request_id: str,
        scope: Scope,
        receive: Receive,
        client: Client,
        watched: Watched | None,
    ) -> None:
        headers = dict(scope["headers"])
        try:
            principal = self.authenticate(credentials(headers, scope["headers"]))
        except UnknownSignerError:
            principal = await self._principal(scope)
        if "inference" not in principal.scopes:
            raise ApiError(403, "this key may not ask models: its scopes lack 'inference'")
        body = await read_body(receive, self.largest_body, client.line)
        seen = peek(operation, body)
        if principal.models and not principal.may_use(seen.model):
            raise ApiError(
                403,
                f"this key may not use the model {seen.model[:100]!r}",
                code="model_not_allowed",
            )
        engine = self.engine
        request = GatewayRequest(
            id=request_id,
            operation=operation,
            raw_body=body,
            tenant=principal.tenant,
            session=_text(headers.get(b"x-gairp-session")) or seen.tags.get("session"),
            arrived_at=engine.clock.now(),
            peek=seen,
            principal=principal,
            flight=new_flight(None, engine.deadline_s),
            watched=watched,
        )
        if watched is not None:
            watched.principal, watched.peek = principal, seen
            watched.session = request.session
        if self.content is not None:
            self.content.asked(client, request, headers)
        target = self.direct(request, headers)
        # The rule is among them. Nobody has read them yet, and a copy of the request takes longer.
        tags = _tags(operation, principal, seen.tags, seen.model, target.rule)
        msgspec.structs.force_setattr(request, "tags", tags)
        if target.deadline_s is not None:
            request.flight.due = new_flight(target.deadline_s, engine.deadline_s).due
        tokens = seen.size + (seen.max_tokens or 0)
        try:
            ticket = await self.limits.admit(principal, seen.model, tokens)
        except ApiError as error:
            self.metrics.limited(error.limit, principal.tenant)
            raise
        used = tokens
        try:
            outcome = await Exchange(engine, request, body, client, receive).run(
                target, ticket.headers
            )
            if outcome is not None:
                used = _tokens_used(outcome, tokens)
            if watched is not None:
                watched.outcome = outcome
        except ApiError as error:
            self.metrics.limited(error.limit, principal.tenant)
            raise
        finally:
            await self.limits.done(ticket, used)
            if target.shadows:
                self.shadows.begin(request, body, target.shadows)

    def _by_name(self, request: GatewayRequest, headers: Mapping[bytes, bytes]) -> Target:
        return self.catalogue.find(request.peek.model)

    async def _failed(self, client: Client, request_id: str) -> None:
        if not client.started:
            error = ApiError(
                500, f"request {request_id} failed inside the gateway; its log says why",
                code="internal_error",
            )  # fmt: skip
            await client.error(error, [(b"x-request-id", request_id.encode())])

    # -- beside it -------------------------------------------------------------------------

    async def _beside(self, scope: Scope, receive: Receive, send: Send) -> None:
        client, path, method = Client(send), scope["path"], scope["method"]
        try:
            if path == "/health":
                await client.whole(200, _JSON, b'{"status":"ok"}')
            elif path == "/ready":
                await self._ready(client)
            elif path == "/metrics":
                peers = self._peers
                text = self.metrics.text(self.gauges) if peers is None else peers.metrics()
                await client.whole(200, [(b"content-type", CONTENT_TYPE)], text)
            elif path in _OPERATIONS:
                raise ApiError(405, f"{method} is not for {path}; use POST",
                               headers={"allow": "POST"})  # fmt: skip
            elif path == "/v1/models" or path.startswith("/v1/models/"):
                await self._models(scope, client)
            elif path == "/v1/feedback" and method == "POST":
                await self._feedback(scope, receive, client)
            elif path.startswith("/v1/decisions/"):
                await self._decision(scope, client)
            elif self._other is not None:
                await self._other(scope, receive, send)
            else:
                raise ApiError(404, f"nothing is at {method} {path[:100]}", code="not_found")
        except ApiError as error:
            await client.error(error)
        except Exception as error:
            request_id = self._request_id()
            note(_LOG, logging.ERROR, "gateway.failed", f"request {request_id}: {method} {path!r}",
                 error=error, request=request_id)  # fmt: skip
            await self._failed(client, request_id)

    def gauges(self) -> Iterator[tuple[str, tuple[str, ...], float]]:
        """(name, labels, value) of now."""
        engine = self.engine
        engine.house.ink.catch_up()
        yield "gairp_in_flight", (), float(self.in_flight)
        yield "gairp_hedges", (), float(engine.hedges.begun)
        if self.content is not None:
            yield "gairp_content_waiting_bytes", (), float(self.content.waiting)
            yield "gairp_content_dropped", (), float(self.content.dropped)
        for model, waiting in engine.stage.slots.queues.items():
            yield "gairp_queued", (model,), float(waiting)
        now = engine.clock.now()
        for model in {arm.model for arm in engine.stage.arms.values()}:
            closed = engine.gate.breakers.allows(model, now)
            yield "gairp_breaker_open", (model,), float(not closed)
        for name in engine.stage.arms:
            yield "gairp_arm_left_alone_seconds", (name,), engine.gate.health.left_s(name, now)
        if self.feeds is not None:
            for name, seq in self.feeds.positions.items():
                yield "gairp_feed_lag", (name,), float(max(0, engine.house.ink.seq - seq))
        for name, served in engine.house.learners.items():
            if served.router.joiner is not None:  # a copy waits for none
                yield "gairp_pending_feedback", (name,), float(len(served.joiner))
            yield "gairp_learner_updates", (name,), float(served.policy.state_version)

    async def _ready(self, client: Client) -> None:
        broken = self.engine.house.ink.broken
        if self.draining or broken is not None:
            why = "draining" if self.draining else f"the journal cannot be written: {broken}"
            await client.whole(503, _JSON, msgspec.json.encode({"status": "not ready", "why": why}))
            return
        await client.whole(200, _JSON, b'{"status":"ready"}')

    async def _models(self, scope: Scope, client: Client) -> None:
        principal = await self._principal(scope)
        names = [n for n in self.catalogue.names if principal.may_use(n)]
        wanted = scope["path"].removeprefix("/v1/models").strip("/")
        if wanted:
            self.catalogue.find(wanted)
            names = [name for name in names if name == wanted]
        models = [{"id": n, "object": "model", "created": 0, "owned_by": "gairp"} for n in names]
        body = models[0] if wanted and models else {"object": "list", "data": models}
        await client.whole(200, _JSON, msgspec.json.encode(body))

    async def _feedback(self, scope: Scope, receive: Receive, client: Client) -> None:
        principal = await self._principal(scope)
        if "feedback" not in principal.scopes:
            raise ApiError(403, "this key may not give feedback: its scopes lack 'feedback'")
        body = await read_body(receive, 1 << 20)
        if self._peers is None:
            told = msgspec.json.encode(self.feedback.take(body, principal.tenant))
        else:
            told = await self._peers.feedback(body, principal.tenant)
        await client.whole(200, _JSON, told)

    async def _decision(self, scope: Scope, client: Client) -> None:
        principal = await self._principal(scope)
        decision_id = scope["path"].removeprefix("/v1/decisions/")
        tenant = None if "admin" in principal.scopes else principal.tenant
        recent = self.engine.recents.find(decision_id, tenant)
        if recent is None and self._peers is not None:
            told = await self._peers.decision(decision_id, tenant)
            await client.whole(200, _JSON, told)
            return
        if recent is None:
            raise ApiError(
                404, f"no decision {decision_id[:100]!r} is remembered", code="decision_not_found"
            )
        await client.whole(200, _JSON, msgspec.json.encode(explained(recent)))

    async def _principal(self, scope: Scope) -> Principal:
        authorization = credentials(dict(scope["headers"]), scope["headers"])
        if self.authenticator is None:
            return self.authenticate(authorization)
        return await self.authenticator.slow(authorization)

    async def drain(self) -> None:
        """Take no more, and wait for those under way, at most `drain_s` seconds."""
        self.draining = True
        note(_LOG, logging.INFO, "gateway.stopping", "the gateway takes no more requests",
             in_flight=self.in_flight)  # fmt: skip
        due = time.monotonic() + self.drain_s
        while self.in_flight and time.monotonic() < due:
            await asyncio.sleep(0.02)


_TOO_DEEP = ApiError(400, "the body is nested too deeply", code="invalid_json")
_TAGGED: dict[tuple[Operation, str, str, str, str], dict[str, str]] = {}
_TAGS_KEPT = 10_000


def _tags(
    operation: Operation, principal: Principal, own: dict[str, str], asked: str, rule: str
) -> Mapping[str, str]:
    """What is read of a request in the log; one map for all requests of a key that are alike."""
    asked = asked[:256]
    key = (operation, principal.key_id, principal.project, asked, rule)
    found = _TAGGED.get(key)
    if found is None:
        if len(_TAGGED) > _TAGS_KEPT:
            _TAGGED.clear()
        found = {
            "operation": operation, "key": principal.key_id, "project": principal.project,
            "asked": asked,
        }  # fmt: skip
        if rule:
            found["rule"] = rule
        _TAGGED[key] = found
    if not own:
        return found
    return {**{f"meta.{name}": value[:256] for name, value in own.items()}, **found}


def _tokens_used(outcome: Any, otherwise: int) -> int:
    total = 0.0
    for attempt in outcome.attempts:
        usage = attempt.response.usage
        total += usage.input_tokens + usage.output_tokens
    return int(total) if total == total else otherwise


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")[:256]


def _busy(draining: bool) -> ApiError:
    why = "the gateway is going down" if draining else "too many requests are under way"
    return ApiError(503, f"{why}; try again", code="overloaded", retry_after_s=1.0)
