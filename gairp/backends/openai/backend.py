"""The backend for every server behind OpenAI's wire."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from gairp.backends.openai.answer import Answer
from gairp.backends.openai.call import Call
from gairp.backends.openai.channel import Channel, Settings
from gairp.backends.openai.chat_answer import ChatAnswer
from gairp.backends.openai.compose import MaxTokensField, compose
from gairp.backends.openai.connection import Connection
from gairp.backends.openai.failures import failure_of
from gairp.backends.openai.patience import Patience
from gairp.backends.openai.responses_answer import ResponsesAnswer
from gairp.backends.openai.responses_body import responses_body
from gairp.backends.openai.secret import Secrets, read_key, secret_values
from gairp.errors import ConfigError, UnknownNameError
from gairp.pricing.tokens import Encoding
from gairp.types import Arm, Chunk, Failure, Request, Response

# A variable that ends with a slash, put before a path, must not make an address with two.
_SLASHES = re.compile(r"(?<!:)/{2,}")
Api = Literal["chat", "responses"]
_ANSWERS: dict[str, type[Answer]] = {"chat": ChatAnswer, "responses": ResponsesAnswer}


class OpenAIBackend:
    """Calls one server, hosted or local, through the `openai` package.

    `base_url` null takes the package's own. `api_key_env` names the environment variable, or the
    line of `secrets_file`, that holds the key; null sends none that matters. `auth_header` carries
    it, as a bearer where that is `Authorization`. `headers` and `query` go with every call.
    `timeout_s` limits the whole call, `first_token_timeout_s` the wait for the first token,
    `idle_timeout_s` that between two events, `connect_timeout_s` the opening of a connection.
    `stream` false asks for answers in one piece, whose first token nobody can time.
    `include_usage` false leaves out `stream_options`, which some servers refuse.
    Every call has a limit of length: `default_max_tokens` where neither request nor arm has one,
    sent as `max_tokens_field`. `encoding` counts tokens where a report is missing or absurd.
    `http_client` is an httpx client to use instead of our own; whether a request had gone out
    when it broke is then guessed. There are no retries: they are the router's. Raises ConfigError
    for a setting that is wrong, and for a key that is not there.
    """

    def __init__(
        self,
        *,
        base_url: str | None = None,
        api_key_env: str | None = None,
        secrets_file: Path | str | None = None,
        auth_header: str = "Authorization",
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        api: Api = "chat",
        timeout_s: float | None = 120.0,
        first_token_timeout_s: float | None = 60.0,
        idle_timeout_s: float | None = 30.0,
        connect_timeout_s: float = 5.0,
        stream: bool = True,
        include_usage: bool = True,
        max_tokens_field: MaxTokensField = "max_tokens",
        default_max_tokens: int = 1024,
        encoding: Encoding = "o200k_base",
        max_connections: int = 1000,
        max_keepalive_connections: int = 100,
        http_client: Any = None,
    ) -> None:
        _check("api", api, Api)
        _check("max_tokens_field", max_tokens_field, MaxTokensField)
        _check("encoding", encoding, Encoding)
        if not isinstance(default_max_tokens, int) or default_max_tokens < 1:
            raise ConfigError(
                f"default_max_tokens is {default_max_tokens!r}; it must be a number of tokens"
            )
        self.api, self.stream_upstream, self.include_usage = api, stream, include_usage
        self.max_tokens_field, self.default_max_tokens = max_tokens_field, default_max_tokens
        self.encoding = encoding
        self.host = _host(base_url)
        self._patience = Patience(
            timeout_s=timeout_s,
            first_token_timeout_s=first_token_timeout_s,
            idle_timeout_s=idle_timeout_s,
        )
        key = read_key(api_key_env, secrets_file, owner=f"the backend of {self.host}")
        headers, query = dict(headers or {}), dict(query or {})
        self._secrets = Secrets([key or "", *secret_values(headers, query)])
        settings = Settings(
            base_url=base_url and _SLASHES.sub("/", base_url),
            key=key,
            auth_header=auth_header,
            headers=headers,
            query=query,
            connect_timeout_s=connect_timeout_s,
            max_connections=max_connections,
            max_keepalive_connections=max_keepalive_connections,
        )
        self._connection = self._channel(settings, http_client)

    async def complete(self, request: Request, arm: Arm) -> Response:
        """The whole answer; streamed inside where `stream` is on, so that it can be timed."""
        call = self._call(request, arm)
        failure = None
        try:
            async with aclosing(call.events()) as events:
                async for event in events:
                    call.take(event)
        except Exception as error:
            failure = self._failure(error, call, request, arm)
        return call.response(failure, self.encoding)

    async def stream(self, request: Request, arm: Arm) -> AsyncIterator[Chunk]:
        """A chunk an event, with its text if it has any; then one with the response."""
        call = self._call(request, arm)
        failure = None
        try:
            async with aclosing(call.events()) as events:
                async for event in events:
                    yield Chunk(text=call.take(event), event=event)
        except Exception as error:
            failure = self._failure(error, call, request, arm)
        yield Chunk(response=call.response(failure, self.encoding))

    def compose(self, request: Request, arm: Arm) -> dict[str, Any]:
        """The chat body that a call of this arm has, limit of length included."""
        return compose(
            request,
            arm,
            default_max_tokens=self.default_max_tokens,
            max_tokens_field=self.max_tokens_field,
        )

    async def aclose(self) -> None:
        """Give the connections back; harmless when done twice."""
        await self._connection.aclose()

    def _channel(self, settings: Settings, http_client: Any) -> Channel:
        return Connection(settings, http_client)

    def _call(self, request: Request, arm: Arm) -> Call:
        if request.operation in ("completion", "embedding"):
            raise ConfigError(
                f"request {request.id!r} asks for {request.operation!r}, and the backend of "
                f"{self.host} answers conversations only; send it messages"
            )
        chat = self.compose(request, arm)
        body = responses_body(chat) if self.api == "responses" else dict(chat)
        if self.stream_upstream:
            body["stream"] = True
            if self.include_usage and self.api == "chat":
                body["stream_options"] = {"include_usage": True}
        self._connection.open()  # before the call's clock starts
        answer = _ANSWERS[self.api](arm.model)
        return Call(
            self._connection,
            answer,
            name=request.id,
            chat=chat,
            body=body,
            patience=self._patience,
        )

    def _failure(self, error: Exception, call: Call, request: Request, arm: Arm) -> Failure:
        return failure_of(
            error,
            place=f"{self.host}, arm {arm.name!r}, request {request.id!r}",
            started=call.answer.pieces > 0,
            sent=call.sent.whole,
            secrets=self._secrets,
        )


def _check(key: str, value: str, known: Any) -> None:
    if value not in get_args(known):
        raise UnknownNameError(key, value, get_args(known))


def _host(base_url: str | None) -> str:
    """Host and port, without a user's name and password that a URL may hold."""
    parts = urlsplit(base_url or "https://api.openai.com/v1")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(
            f"base_url is {base_url!r}; write a whole URL such as http://127.0.0.1:8000/v1"
        )
    return parts.hostname + (f":{parts.port}" if parts.port else "")
