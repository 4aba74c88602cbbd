"""Code that every child would load by itself: loaded once before they are forked, and shared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module

from gairp.gateway.settings import GatewaySettings
from gairp.pricing import load_catalogue


def preload(settings: GatewaySettings) -> None:
    """Load what these settings will need. What is missing is said by the child that misses it.

    None of it may start a thread: a fork copies only the one that calls it.
    """
    for name in _needed(settings):
        with suppress(ImportError):
            import_module(name)
    load_catalogue(**settings.prices).read()


def _needed(settings: GatewaySettings) -> Iterator[str]:
    yield from ("uvicorn", "uvloop", "gairp.gateway.server_protocol", "hydra.utils")
    configs = [*settings.policies.values(), settings.features]
    for target in filter(None, (config.get("_target_") for config in configs)):
        yield str(target).rpartition(".")[0]
    if settings.limits.get("redis") is not None:
        yield "gairp.gateway.limits.redis"
        yield "redis.asyncio"
    if settings.ledger is not None:
        yield from ("gairp.gateway.ledger.feed", "gairp.gateway.ledger.holds")
        yield from ("sqlalchemy.dialects.sqlite",) if "sqlite" in settings.ledger else (
            "sqlalchemy.dialects.postgresql", "psycopg",
        )  # fmt: skip
    if settings.rules is not None:
        yield from ("cel_expr_python", "google.protobuf.text_format")
    if settings.content is not None:
        yield "gairp.gateway.content.keeper"
    if settings.otel is not None:
        yield "gairp.telemetry.otel.pipeline"
