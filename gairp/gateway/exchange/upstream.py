"""The servers behind the gateway, spoken to in raw bytes."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

import msgspec

from gairp.backends.http.client import HttpClient
from gairp.backends.http.response import Response as Answer
from gairp.backends.openai.error_body import broken, kind_of_status, read_error
from gairp.backends.openai.retry_after import retry_after_s
from gairp.backends.openai.secret import Secrets, read_key
from gairp.types import Failure, Operation

PATHS: Mapping[Operation, str] = {
    "chat": "/chat/completions",
    "completion": "/completions",
    "embedding": "/embeddings",
    "response": "/responses",
}
Headers = Sequence[tuple[bytes, bytes]]
_JSON = (b"content-type", b"application/json")
LARGEST = 64 << 20


class Upstream:
    """One server: its address, its key, its connections."""

    def __init__(
        self,
        *,
        name: str,
        base_url: str,
        api_key_env: str | None = None,
        secrets_file: str | None = None,
        key_header: str = "authorization",
        headers: Mapping[str, str] | None = None,
        max_tokens_field: str = "max_tokens",
        connect_timeout_s: float = 5.0,
        first_byte_timeout_s: float = 60.0,
        idle_timeout_s: float = 30.0,
        max_connections: int = 1000,
        ca_file: str | None = None,
        proxy: str | None = None,
        client: HttpClient | None = None,
    ) -> None:
        """Raises ConfigError for a key that is nowhere and an address that is none."""
        self.name, self.max_tokens_field = name, max_tokens_field
        key = read_key(api_key_env, secrets_file, owner=f"backends.{name}")
        own = [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()]
        if key is not None:
            value = f"Bearer {key}" if key_header.lower() == "authorization" else key
            own.append((key_header.lower().encode(), value.encode()))
        self.secrets = Secrets([key] if key is not None else [])
        self._client = client or HttpClient(
            base_url,
            headers=(_JSON, *own),
            connect_timeout_s=connect_timeout_s,
            head_timeout_s=first_byte_timeout_s,
            idle_timeout_s=idle_timeout_s,
            max_connections=max_connections,
            max_idle=max_connections,
            largest_body=LARGEST,
            ca_file=ca_file,
            proxy=proxy,
        )

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        return self._client.address.host, self._client.address.port

    def post(
        self, operation: Operation, body: bytes, more: Headers, due: float
    ) -> Awaitable[Answer]:
        """Send; the head of the answer. Raises HttpError. `due` is in the loop's time."""
        return self._client.request("POST", PATHS[operation], headers=more, body=body, due=due)

    def failure(self, place: str, status: int, headers: Headers, data: bytes) -> Failure:
        """What an error status means."""
        told = read_error(_json(data))
        kind = kind_of_status(status, told)
        fields = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in headers}
        wait = retry_after_s(fields)
        return Failure(
            kind=kind,
            message=self.secrets.scrub(f"{place}: HTTP {status} {told}".rstrip()),
            status=status,
            retry_after_s=told.retry_after_s if wait is None else wait,
        )

    def failure_inside(self, place: str, data: bytes) -> Failure:
        """What an error means that came with status 200; nobody knows what it cost."""
        error = broken(read_error(_json(data)))
        return Failure(
            kind=error.kind,
            message=self.secrets.scrub(f"{place}: {error}"),
            retry_after_s=error.retry_after_s,
            billing_unknown=True,
        )

    async def aclose(self) -> None:
        """Close its connections."""
        await self._client.aclose()


def _json(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return data.decode("utf-8", "replace")
