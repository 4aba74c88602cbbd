"""Where traces and metrics go, and how many."""

from __future__ import annotations

from typing import Annotated

import msgspec

_Endpoint = Annotated[
    str | None,
    msgspec.Meta(
        description="OTLP over HTTP, such as http://collector:4318; null: what "
        "`OTEL_EXPORTER_OTLP_ENDPOINT` says"
    ),
]
_Traces = Annotated[bool, msgspec.Meta(description="spans are made")]
_Metrics = Annotated[bool, msgspec.Meta(description="calls and requests are measured")]
_Sample = Annotated[
    float,
    msgspec.Meta(
        ge=0.0,
        le=1.0,
        description="the share of the traces that begin here; one that a client began is as the "
        "client says",
    ),
]
_Every = Annotated[float, msgspec.Meta(gt=0.0, description="seconds between two exports")]
_Service = Annotated[
    str, msgspec.Meta(description="`service.name`, where `OTEL_SERVICE_NAME` does not say")
]


class OtelSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """OpenTelemetry's own environment variables say the rest, `OTEL_EXPORTER_OTLP_HEADERS` among
    them, which may hold a secret.
    """

    endpoint: _Endpoint = None
    traces: _Traces = True
    metrics: _Metrics = True
    sample: _Sample = 1.0
    metrics_every_s: _Every = 60.0
    service: _Service = "gairp"
