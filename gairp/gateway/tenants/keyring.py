"""An issuer's keys: fetched, kept, fetched anew, and how often at most."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from typing import Any

from gairp.errors import DataError
from gairp.gateway.tenants.issuer import Issuer
from gairp.gateway.tenants.jwks import KeySet, read_jwks
from gairp.telemetry.event import note

_LOG = logging.getLogger("gairp.gateway")
_MOST_BYTES = 1 << 20
_TIMEOUT_S = 5.0
#: Keys that could not be fetched anew for so long are not trusted any more: whoever holds a key
#: that was withdrawn could keep the gateway from hearing of it.
_STALE_S = 86_400.0
Fetch = Callable[[str], Any]


class Keyring:
    """The keys of one issuer; `fetch` gets the document of a URL, in a thread."""

    def __init__(
        self, issuer: Issuer, *, fetch: Fetch | None = None, now: Callable[[], float] | None = None
    ) -> None:
        """Raises DataError where the keys stand in the settings and are wrong."""
        self.issuer = issuer
        self.failing: str | None = None  #: why they could not be fetched the last time
        self.generation = 0  #: counts how often they changed
        self._fetch, self._now = fetch or fetch_jwks, now or time.monotonic
        self._keys: KeySet | None = None
        self._document: Any = None
        self._fetched_at = self._tried_at = -float("inf")
        self._fetching: asyncio.Task[None] | None = None
        if issuer.jwks is not None:
            self._keys = read_jwks(issuer.jwks, issuer.algorithms)

    @property
    def keys(self) -> KeySet | None:
        """None where none were had, or none for too long."""
        if self.issuer.jwks is None and self._now() - self._fetched_at > _STALE_S:
            return None
        return self._keys

    async def refresh(self) -> None:
        """Fetch now; who comes while it is fetched waits for the same answer."""
        if self.issuer.jwks is not None:
            return
        if self._fetching is None or self._fetching.done():
            self._tried_at = self._now()
            self._fetching = asyncio.create_task(self._refreshed())
        await asyncio.shield(self._fetching)

    async def refresh_for_unknown(self) -> bool:
        """Fetch because of a key that is not known, unless that was tried a moment ago.

        What is not fetched is not an error: whoever invents keys shall cause no load elsewhere.
        """
        under_way = self._fetching is not None and not self._fetching.done()
        if not under_way and self._now() - self._tried_at < self.issuer.cooldown_s:
            return False
        await self.refresh()
        return True

    async def keep(self) -> None:
        """Fetch now, and then again and again; the old keys stay while it fails."""
        while self.issuer.jwks is None:
            await self.refresh()
            wait = self.issuer.refresh_s
            await asyncio.sleep(min(wait, self.issuer.cooldown_s) if self.failing else wait)

    async def _refreshed(self) -> None:
        url = self.issuer.jwks_url or ""
        try:
            document = await asyncio.to_thread(self._fetch, url)
            if document != self._document or self._keys is None:
                self._keys = read_jwks(document, self.issuer.algorithms)
                self._document = document
                self.generation += 1
        except Exception as error:  # of the network, of the document
            if self.failing is None:
                name = self.issuer.issuer
                note(_LOG, logging.ERROR, "issuer.unreachable",
                     f"the keys of {name} could not be fetched: {error}", issuer=name)  # fmt: skip
            self.failing = f"{type(error).__name__}: {error}"
            return
        self.failing = None
        self._fetched_at = self._now()


def fetch_jwks(url: str) -> Any:
    """The JSON at a URL. Follows no redirect and reads a megabyte at most; raises DataError."""
    import requests

    try:
        with requests.get(
            url, timeout=_TIMEOUT_S, allow_redirects=False, stream=True,
            headers={"accept": "application/json"},
        ) as reply:  # fmt: skip
            if reply.status_code != 200:
                raise DataError(f"{url} answered with status {reply.status_code}")
            data = reply.raw.read(_MOST_BYTES + 1, decode_content=True)
    except requests.RequestException as error:
        raise DataError(f"{url} did not answer: {type(error).__name__}") from error
    if len(data) > _MOST_BYTES:
        raise DataError(f"{url} sends more than a megabyte")
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise DataError(f"{url} sends no JSON") from None
