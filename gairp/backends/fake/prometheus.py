"""How busy the models are, as llama.cpp and vLLM expose it to Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gairp.backends.fake.model import Model
    from gairp.backends.fake.service import Service


def exposition(service: Service) -> str:
    """The text of /metrics, in the vendor's shape, or in both."""
    models = list(service.models.values())
    shapes = {"llamacpp": _llamacpp, "vllm": _vllm}
    lines = [line for name in service.quirks.metrics for line in shapes[name](models)]
    return "\n".join([*lines, ""])


def _llamacpp(models: list[Model]) -> Iterator[str]:
    running = sum(model.slots.running for model in models)
    queued = sum(model.slots.queued for model in models)
    yield from _metric("llamacpp:requests_processing", "Number of requests processing.", running)
    yield from _metric("llamacpp:requests_deferred", "Number of requests deferred.", queued)
    use = max((_use(model) for model in models), default=0.0)
    yield from _metric("llamacpp:kv_cache_usage_ratio", "KV-cache usage. 1 means full.", use)


def _vllm(models: list[Model]) -> Iterator[str]:
    for name, text, value in (
        ("num_requests_running", "Requests in model execution batches.", _running),
        ("num_requests_waiting", "Requests waiting to be processed.", _queued),
        ("kv_cache_usage_perc", "KV-cache usage. 1 means 100 percent.", _use),
    ):
        yield f"# HELP vllm:{name} {text}"
        yield f"# TYPE vllm:{name} gauge"
        for model in models:
            yield f'vllm:{name}{{engine="0",model_name="{model.name}"}} {float(value(model))}'


def _metric(name: str, text: str, value: float) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} gauge"
    yield f"{name} {value:g}"


def _running(model: Model) -> float:
    return model.slots.running


def _queued(model: Model) -> float:
    return model.slots.queued


def _use(model: Model) -> float:
    return min(model.tokens_in_use / model.spec.kv_tokens, 1.0)
