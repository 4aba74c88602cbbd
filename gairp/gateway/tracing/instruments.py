"""What is measured of requests and calls; names, units and bounds are OpenTelemetry's."""

from __future__ import annotations

from collections.abc import Mapping

from gairp.gateway.exchange.watched import SeenCall, Watched
from gairp.gateway.tracing.attributes import OPERATIONS, error_of, of_server
from gairp.gateway.tracing.server import Server
from gairp.telemetry.otel.pipeline import Pipeline
from gairp.telemetry.span import Attribute

_MODELS = 100  #: further names of models that answer are counted together, as `_OTHER`
_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS = tuple(float(4**power) for power in range(14))
_WEB = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
#: name -> (unit, bounds of its buckets, what it is); the page of operations is made of these.
INSTRUMENTS: Mapping[str, tuple[str, tuple[float, ...], str]] = {
    "gen_ai.client.operation.duration": ("s", _SECONDS, "a call, to its last byte"),
    "gen_ai.client.operation.time_to_first_chunk": ("s", _SECONDS, "of a stream, to its first"),
    "gen_ai.client.token.usage": ("{token}", _TOKENS, "tokens of a call, by `gen_ai.token.type`"),
    "http.server.request.duration": ("s", _WEB, "a request, to the last byte of its answer"),
}


class Instruments:
    """Histograms; the names in their attributes are few, whatever clients and servers say."""

    def __init__(self, pipeline: Pipeline) -> None:
        of = {
            name: pipeline.histogram(name, unit, what, bounds)
            for name, (unit, bounds, what) in INSTRUMENTS.items()
        }
        self._duration = of["gen_ai.client.operation.duration"]
        self._first = of["gen_ai.client.operation.time_to_first_chunk"]
        self._tokens = of["gen_ai.client.token.usage"]
        self._request = of["http.server.request.duration"]
        self._models: set[str] = set()

    def request(self, watched: Watched) -> None:
        """A request has ended."""
        found: dict[str, Attribute] = {
            "http.request.method": "POST",
            "http.route": OPERATIONS[watched.operation][1],
            "url.scheme": "http",
            "http.response.status_code": watched.status,
        }
        if watched.status >= 500:
            found["error.type"] = str(watched.status)
        self._request((watched.ended_ns - watched.begun_ns) / 1e9, found)

    def call(self, watched: Watched, seen: SeenCall, server: Server) -> None:
        """A call has ended."""
        found, response = of_server(watched.operation, server), seen.response
        if response is not None and response.error is None:
            found["gen_ai.response.model"] = self._model(response.model)
        error = error_of(response)
        timed = found if error is None else {**found, "error.type": error}
        self._duration((seen.ended_ns - seen.begun_ns) / 1e9, timed)
        if response is None:
            return
        if response.first_token_s == response.first_token_s:
            self._first(response.first_token_s, found)
        usage = response.usage
        for kind, tokens in (("input", usage.input_tokens), ("output", usage.output_tokens)):
            if tokens == tokens:
                self._tokens(tokens, {**found, "gen_ai.token.type": kind})

    def _model(self, name: str) -> str:
        if name in self._models:
            return name
        if len(self._models) >= _MODELS:
            return "_OTHER"
        self._models.add(name)
        return name
