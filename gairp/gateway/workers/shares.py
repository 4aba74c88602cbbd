"""What several workers must share, and what is divided among them."""

from __future__ import annotations

from typing import Any

import msgspec

from gairp.errors import ConfigError
from gairp.gateway.settings import GatewaySettings
from gairp.gateway.workers.part import Part


def check_shared(settings: GatewaySettings) -> None:
    """Raise ConfigError, with the remedy, for what each worker would keep for itself."""
    workers = settings.workers
    if workers < 1:
        raise ConfigError(f"serving.workers is {workers}; give 1 or more")
    if settings.publish.learns < 1 or settings.publish.after_s < 0:
        raise ConfigError(
            f"serving.publish is {settings.publish.learns} updates or {settings.publish.after_s} "
            "seconds; give at least 1 update and 0 seconds"
        )
    if workers == 1:
        return
    if settings.limits.get("redis") is None and (why := _limited(settings)):
        raise ConfigError(
            f"serving.workers is {workers} and {why}: each worker would keep limits and budgets of "
            "its own; set serving.limits.redis to a Redis server that they share, or "
            "serving.workers=1"
        )
    for model, places in _slots(settings).items():
        if places is not None and places < workers:
            raise ConfigError(
                f"serving.slots: {model} has {places} places for {workers} workers, which divide "
                f"them; give at least {workers}, or set serving.workers={max(1, places)}"
            )


def share_of(settings: GatewaySettings, part: Part) -> GatewaySettings:
    """The settings of one worker: places at models are divided, the first ones get what is over."""
    slots = settings.slots
    divided = {
        "default": _divided(slots.get("default"), part),
        "models": {
            name: _divided(places, part) for name, places in (slots.get("models") or {}).items()
        },
    }
    return msgspec.structs.replace(settings, slots=divided)


def _limited(settings: GatewaySettings) -> str:
    for key in settings.keys:
        if key.get("quota"):
            return f"the key {key.get('id')!r} has a quota"
    for tenant, fields in settings.tenants.items():
        if fields.get("quota") or fields.get("models"):
            return f"the tenant {tenant!r} has a quota"
    return "accounts may have quotas" if settings.accounts else ""


def _slots(settings: GatewaySettings) -> dict[str, Any]:
    named = {repr(name): n for name, n in (settings.slots.get("models") or {}).items()}
    return {"every model": settings.slots.get("default"), **named}


def _divided(places: int | None, part: Part) -> int | None:
    if places is None:
        return None
    whole, over = divmod(places, part.of)
    return whole + (part.number <= over)
