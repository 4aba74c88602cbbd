"""A backend that remembers what it was answered, so that a repeated study costs nothing."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from hashlib import sha256
from pathlib import Path

import msgspec

from gairp.backends.response_cache import ResponseCache
from gairp.protocols import Backend
from gairp.types import Arm, Chunk, Request, Response, ServerLoad

Key = Callable[[Request, Arm], bytes]

_VERSION = 1  #: of what is kept; another one finds nothing of this one


def content_key(request: Request, arm: Arm) -> bytes:
    """SHA-256 of what a backend is sent: the composed body, its operation, the backend's name.

    Ids, tenants and times are not in it. Nor is what a backend adds by itself, such as its address
    or a default max_tokens: who changes those takes another file, or another key.
    """
    from gairp.backends.openai.compose import compose

    # Only the outermost order is nobody's: templates write nested fields in the order they came.
    body = sorted(compose(request, arm).items())
    sent = (_VERSION, request.operation, arm.backend, body, request.raw_body)
    return sha256(msgspec.json.encode(sent, enc_hook=_plain)).digest()


class CachedBackend:
    """`backend`, with its answers kept in the file `path`; nothing uses it unless it is asked for.

    Only whole answers are kept: no failure, no broken stream. One that comes from the cache is
    marked `cached` and costs 0; its `usage` is what the answer once took. Its latencies are those
    of the reading, since that is what the client waited; what the call had taken is in the signals
    `cached_latency_s` and `cached_first_token_s`. A stream is replayed as one chunk.

    Sampling is frozen: a request sent twice is answered the same, whatever its temperature. Where
    that is not wanted, give a `seed` with each request or a `key` of your own. With `read` alone
    the cache does not grow, with `write` alone every call is made.
    """

    def __init__(
        self,
        *,
        backend: Backend,
        path: Path | str,
        read: bool = True,
        write: bool = True,
        key: Key = content_key,
    ) -> None:
        self.backend, self.read, self.write, self.key = backend, read, write, key
        self.cache = ResponseCache(path)
        self.hits = 0
        self.misses = 0

    async def complete(self, request: Request, arm: Arm) -> Response:
        """From the cache, or from the backend."""
        key = self.key(request, arm)
        known = self._known(key)
        if known is not None:
            return known
        response = await self.backend.complete(request, arm)
        self._keep(key, response)
        return response

    async def stream(self, request: Request, arm: Arm) -> AsyncIterator[Chunk]:
        """From the cache in one chunk, or from the backend as it comes."""
        key = self.key(request, arm)
        known = self._known(key)
        if known is not None:
            yield Chunk(text=known.content, response=known)
            return
        async with aclosing(self.backend.stream(request, arm)) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                if chunk.response is not None:  # before it is out: nobody may ask for more
                    self._keep(key, chunk.response)
                yield chunk

    async def load(self) -> ServerLoad | None:
        """As the backend says, where it can."""
        probe = getattr(self.backend, "load", None)
        load: ServerLoad | None = None if probe is None else await probe()
        return load

    async def aclose(self) -> None:
        """Close the file and the backend."""
        self.cache.close()
        await self.backend.aclose()

    def _known(self, key: bytes) -> Response | None:
        if not self.read:
            return None
        start = time.perf_counter()
        response = self.cache.get(key)
        if response is None:
            self.misses += 1
            return None
        self.hits += 1
        return _replayed(response, time.perf_counter() - start)

    def _keep(self, key: bytes, response: Response) -> None:
        if self.write and _whole(response):
            self.cache.put(key, response)


def _whole(response: Response) -> bool:
    return (
        response.error is None
        and response.finish_reason != ""
        and response.usage.source != "partial"
        and not response.cached
    )


def _replayed(response: Response, elapsed_s: float) -> Response:
    taken = {
        "cached_latency_s": response.latency_s,
        "cached_first_token_s": response.first_token_s,
    }
    measured = {name: value for name, value in taken.items() if not math.isnan(value)}
    return msgspec.structs.replace(
        response,
        cached=True,
        cost_usd=0.0,
        latency_s=elapsed_s,
        first_token_s=elapsed_s,
        inter_token_s=math.nan,
        queue_s=0.0,
        signals={**response.signals, **measured},
    )


def _plain(value: object) -> object:
    """Mappings and sequences of other kinds than the encoder knows."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"a request holds a {type(value).__name__}, which has no JSON")
