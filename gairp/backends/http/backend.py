"""OpenAI's wire on the HTTP client of our own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gairp.backends.http.channel import HttpChannel
from gairp.backends.openai.backend import OpenAIBackend
from gairp.backends.openai.channel import Settings
from gairp.errors import ConfigError


class HttpBackend(OpenAIBackend):
    """Calls one server as OpenAIBackend does, with the same settings, but without its package.

    `ca_file` holds the certificates to trust in place of the system's, `keepalive_s` is how long
    an unused connection is kept, `proxy` is one to go through (http://NAME:PASSWORD@HOST:PORT;
    those of the environment are OpenAIBackend's).
    Raises ConfigError for a setting that is wrong, and for a key that is not there.
    """

    def __init__(
        self,
        *,
        ca_file: Path | str | None = None,
        keepalive_s: float | None = 30.0,
        proxy: str | None = None,
        **settings: Any,
    ) -> None:
        self._ca_file, self._keepalive_s, self._proxy = ca_file, keepalive_s, proxy
        super().__init__(**settings)

    def _channel(self, settings: Settings, http_client: Any) -> HttpChannel:
        if http_client is not None:
            raise ConfigError("http_client belongs to OpenAIBackend; HttpBackend has its own")
        return HttpChannel(
            settings, ca_file=self._ca_file, keepalive_s=self._keepalive_s, proxy=self._proxy
        )
