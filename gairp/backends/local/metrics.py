"""What model servers say of themselves in Prometheus' text format."""

from __future__ import annotations

import json
import math
import re

from gairp.types import ServerLoad

_NUMBER = r"[-+]?(?:[\d.]+(?:e[-+]?\d+)?|Inf|NaN)"
_SAMPLE = re.compile(
    rf"^(?P<name>[a-z_:][\w:]*)(?:\{{.*\}})?\s+(?P<value>{_NUMBER})(?:\s+-?\d+)?\s*$", re.I
)


def samples(text: str) -> dict[str, list[float]]:
    """The values of each metric, one a set of labels; lines that are no samples are passed over."""
    found: dict[str, list[float]] = {}
    for match in filter(None, map(_SAMPLE.match, text.splitlines())):
        found.setdefault(match["name"], []).append(float(match["value"]))
    return found


def llamacpp_load(metrics: str, slots: str | None, context: int) -> ServerLoad:
    """`slots` is the answer of /slots, read where the metrics lack the cache's use.

    With a unified cache all slots share `context` cells; what an idle slot holds can be taken.
    """
    found = samples(metrics)
    use = _highest(found, "llamacpp:kv_cache_usage_ratio")
    return ServerLoad(
        running=_sum(found, "llamacpp:requests_processing"),
        queued=_sum(found, "llamacpp:requests_deferred"),
        kv_cache_use=_cells_in_use(slots, context) if math.isnan(use) else use,
    )


def vllm_load(metrics: str) -> ServerLoad:
    """Requests of all engines of the server, and the use of the fullest cache.

    The cache's metric was called gpu_cache_usage_perc before; both are shares in [0, 1].
    """
    found = samples(metrics)
    return ServerLoad(
        running=_sum(found, "vllm:num_requests_running"),
        queued=_sum(found, "vllm:num_requests_waiting"),
        kv_cache_use=_highest(found, "vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc"),
    )


def _sum(found: dict[str, list[float]], name: str) -> float:
    return sum(found[name]) if name in found else math.nan


def _highest(found: dict[str, list[float]], *names: str) -> float:
    return max((value for name in names for value in found.get(name, [])), default=math.nan)


def _cells_in_use(slots: str | None, context: int) -> float:
    if slots is None:
        return math.nan
    busy = [one for one in json.loads(slots) if one.get("is_processing")]
    return min(1.0, sum(float(one.get("n_prompt_tokens", 0)) for one in busy) / context)
