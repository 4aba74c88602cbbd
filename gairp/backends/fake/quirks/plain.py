"""OpenAI's format and nothing asked for: no key, no check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

import msgspec

from gairp.backends.fake.http import Received, whole
from gairp.backends.fake.piece import Piece, Reply
from gairp.backends.fake.wire.completion import Completion
from gairp.backends.fake.wire.sse import event

Metrics = Literal["llamacpp", "vllm"]
Headers = Iterable[tuple[str, str]]
#: Status -> type, code and words of an error.
_ERRORS: dict[int, tuple[str, str | None, str]] = {
    400: ("invalid_request_error", None, "The request is not valid."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: ("invalid_request_error", "unsupported_country", "Country or region not supported."),
    404: ("invalid_request_error", "model_not_found", "The model does not exist."),
    408: ("timeout", None, "The request timed out."),
    409: ("conflict", None, "The resource is locked by another request."),
    413: ("invalid_request_error", None, "The request is too large."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for requests."),
    500: ("server_error", None, "The server had an error while processing your request."),
    502: ("server_error", None, "Bad gateway."),
    503: ("server_error", None, "The engine is currently overloaded, please try again later."),
    529: ("overloaded_error", None, "Overloaded"),
}


class Quirks:
    """The base of all vendors: each overrides what it does in its own way."""

    name: ClassVar[str] = "plain"
    needs_key: ClassVar[bool] = False
    any_model: ClassVar[bool] = False  #: it serves one, whatever the request names
    #: whose shape /metrics has
    metrics: ClassVar[tuple[Metrics, ...]] = ("llamacpp", "vllm")
    cuts_prompts: ClassVar[bool] = False  #: a prompt that is too long loses its beginning

    def prefix(self, models: Sequence[str]) -> str:
        """The path of the base address."""
        return "/v1"

    def key(self, received: Received) -> str | None:
        """The key that came with a request."""
        scheme, _, key = received.headers.get("authorization", "").partition(" ")
        return key if scheme.lower() == "bearer" and key else None

    def model(self, received: Received, body: Mapping[str, Any]) -> str:
        """Which model is asked."""
        return str(body.get("model", ""))

    def check(self, received: Received, body: Mapping[str, Any]) -> Reply | None:
        """A refusal of what this vendor does not take."""
        return None

    # -- errors ---------------------------------------------------------------------------

    def error(
        self,
        status: int,
        *,
        message: str | None = None,
        code: str | None = None,
        param: str | None = None,
        headers: Headers = (),
    ) -> Reply:
        """A refusal, in this vendor's words."""
        body = self.error_of(status, message=message, code=code, param=param)
        return whole(status, msgspec.json.encode(body), headers=headers)

    def error_of(
        self,
        status: int,
        *,
        message: str | None = None,
        code: str | None = None,
        param: str | None = None,
    ) -> Any:
        """The JSON of an error, with what the vendor says where nothing is given."""
        kind, usual, words = _ERRORS.get(status, ("server_error", None, f"Error {status}."))
        return self.error_body(status, kind, code or usual, message or words, param)

    def error_body(
        self, status: int, kind: str, code: str | None, message: str, param: str | None
    ) -> Any:
        """The JSON of an error."""
        return {"error": {"message": message, "type": kind, "param": param, "code": code}}

    def no_key(self) -> Reply:
        """There is no key, or a wrong one."""
        return self.error(401)

    def unknown_model(self, name: str) -> Reply:
        """Nothing of that name is served."""
        text = f"The model `{name}` does not exist or you do not have access to it."
        return self.error(404, message=text, param="model")

    def overflow(self, limit: int, prompt: int, answer: int) -> Reply:
        """Prompt and answer do not fit the model."""
        return self.error(
            400,
            message=f"This model's maximum context length is {limit} tokens. However, you "
            f"requested {prompt + answer} tokens ({prompt} in the messages, {answer} in the "
            "completion). Please reduce the length of the messages or completion.",
            code="context_length_exceeded",
            param="messages",
        )

    # -- answers --------------------------------------------------------------------------

    def headers(self, completion: Completion) -> Headers:
        """Of every answer."""
        return (("x-request-id", f"req_{completion.id}"),)

    def whole(self, body: dict[str, Any], completion: Completion) -> dict[str, Any]:
        """An answer in one piece, with what the vendor adds."""
        return body

    def chunk(self, chunk: dict[str, Any], completion: Completion) -> dict[str, Any]:
        """A piece of a streamed chat, with what the vendor adds."""
        return chunk

    def events(self, pieces: Iterator[Piece], completion: Completion) -> Iterator[Piece]:
        """The events of a stream, with those that the vendor adds."""
        return pieces

    def usage_unasked(self) -> bool:
        """Whether streams end with a usage that nobody asked for."""
        return False

    def stream_error(self, completion: Completion, status: int, message: str | None) -> bytes:
        """An error in the middle of a stream."""
        return event(self.error_of(status, message=message))
