"""Where traces and metrics go, and how many."""

from __future__ import annotations

from typing import Annotated

import msgspec


class OtelSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """OpenTelemetry's own environment variables say the rest, `OTEL_EXPORTER_OTLP_HEADERS` among
    them, which may hold a secret.
    """

    #: OTLP over HTTP, such as http://collector:4318; None: OTEL_EXPORTER_OTLP_ENDPOINT
    endpoint: str | None = None
    traces: bool = True
    metrics: bool = True
    #: The share of traces that begin here; one that a client began is as the client says.
    sample: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 1.0
    metrics_every_s: Annotated[float, msgspec.Meta(gt=0.0)] = 60.0
    service: str = "gairp"
