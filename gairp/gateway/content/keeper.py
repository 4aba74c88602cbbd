"""Brings content to the database: by a thread, from a queue that is bounded in bytes."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Mapping

from gairp.gateway.content.item import Content, Item
from gairp.gateway.content.recorder import RecordingClient
from gairp.gateway.content.settings import ContentSettings
from gairp.gateway.content.vault import Vault
from gairp.gateway.exchange.client import Line, Send
from gairp.gateway.exchange.request import GatewayRequest
from gairp.telemetry.event import note

_LOG = logging.getLogger("gairp.gateway")
_BATCH, _BATCH_BYTES = 200, 8 << 20
OFF = (b"x-gairp-content", b"off")  #: a client's header that keeps its request out


class ContentKeeper:
    """No request waits for it. Where the database is away content waits, and beyond `waiting` bytes
    it is dropped; `dropped` counts it.
    """

    def __init__(
        self, vault: Vault, settings: ContentSettings, *, retry_s: float = 1.0,
        purge_every_s: float = 3600.0,
    ) -> None:  # fmt: skip
        self._vault, self._settings = vault, settings
        self._tenants = None if settings.tenants is None else frozenset(settings.tenants)
        self._retry_s, self._purge_every_s = retry_s, purge_every_s
        self._queue: deque[Item] = deque()
        self._wake, self._closing = threading.Event(), False
        self._purged_at = float("-inf")
        self.waiting = 0  #: bytes
        self.dropped = 0
        self.failing: str | None = None  #: why the database takes nothing
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="gairp-content", daemon=True)

    # -- beside a request ------------------------------------------------------------------

    def client(self, send: Send, line: Line | None) -> RecordingClient:
        """For a request that has come."""
        return RecordingClient(send, line, self._settings.largest)

    def asked(
        self, client: object, request: GatewayRequest, headers: Mapping[bytes, bytes]
    ) -> None:
        """It is known who asks what: from here on it is recorded, where it is to be kept."""
        assert isinstance(client, RecordingClient)
        kept = self._tenants is None or request.principal.tenant in self._tenants
        if kept and headers.get(OFF[0], b"").strip().lower() != OFF[1]:
            client.request = request

    def answered(self, client: object) -> None:
        """The last byte has gone."""
        assert isinstance(client, RecordingClient)
        request = client.request
        if request is None or not client.decision_id:
            return
        body = request.raw_body or b""
        self.keep(
            Item(
                decision_id=client.decision_id,
                request_id=request.id,
                tenant=request.principal.tenant,
                at=time.time(),
                content=Content(
                    operation=request.operation,
                    status=client.status,
                    prompt=body[: self._settings.largest],
                    answer=b"".join(client.pieces),
                    prompt_bytes=len(body),
                    answer_bytes=client.answer_bytes,
                ),
            )
        )

    def keep(self, item: Item) -> None:
        """Write it soon; drop it where too much waits."""
        with self._lock:
            if self._closing or self.waiting + item.size > self._settings.waiting:
                if not self.dropped:
                    note(_LOG, logging.ERROR, "content.dropped",
                         "content is dropped: too much of it waits for the database")  # fmt: skip
                self.dropped += 1
                return
            self.waiting += item.size
            self._queue.append(item)
        self._wake.set()

    # -- the thread ------------------------------------------------------------------------

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self, timeout_s: float = 10.0) -> None:
        """Write what waits, for so long at most."""
        with self._lock:
            self._closing = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        if self._queue:
            note(_LOG, logging.ERROR, "content.dropped",
                 "content that waited for the database is lost: the gateway has ended")  # fmt: skip

    def _run(self) -> None:
        while True:
            # Asked before writing: what came until then is written before the end.
            closing = self._closing
            self._wake.clear()
            try:
                self._write()
                self._purge()
                self._fine()
            except Exception as error:  # the database is away, most likely
                self._stalled(error)
                if closing:
                    return
                self._wake.wait(self._retry_s)
                continue
            if closing:
                return
            if not self._queue:
                self._wake.wait(self._purge_every_s)

    def _write(self) -> None:
        while batch := self._next():
            self._vault.put(batch)
            with self._lock:
                for item in batch:
                    self._queue.popleft()
                    self.waiting -= item.size

    def _next(self) -> list[Item]:
        batch, size = list[Item](), 0
        with self._lock:
            for item in self._queue:
                if len(batch) == _BATCH or (batch and size + item.size > _BATCH_BYTES):
                    break
                batch.append(item)
                size += item.size
        return batch

    def _purge(self) -> None:
        now = time.monotonic()
        if now - self._purged_at < self._purge_every_s or self._closing:
            return
        self._purged_at = now
        if gone := self._vault.purge():
            note(_LOG, logging.INFO, "content.purged", f"content of {gone} requests is over",
                 count=gone)  # fmt: skip

    def _stalled(self, error: Exception) -> None:
        if self.failing is None:
            note(_LOG, logging.ERROR, "feed.stalled", f"content stands still: {error}",
                 feed="content")  # fmt: skip
        self.failing = type(error).__name__

    def _fine(self) -> None:
        if self.failing is not None:
            note(_LOG, logging.WARNING, "feed.resumed", "content goes on", feed="content")
        self.failing = None
