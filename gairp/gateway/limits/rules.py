"""Which quotas hold for a request, and what a client is told of them."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import lru_cache

from gairp.gateway.errors import ApiError
from gairp.gateway.principal import Principal, Quota

Quotas = tuple[tuple[str, Quota], ...]


@lru_cache(maxsize=65_536)
def holding(quotas: Quotas, model: str) -> Quotas:
    """Those whose pattern of models, if they have one, fits."""
    return tuple((name, quota) for name, quota in quotas if _fits(name, model))


def _fits(name: str, model: str) -> bool:
    _, marked, pattern = name.partition("/model:")
    return not marked or fnmatchcase(model, pattern)


@lru_cache(maxsize=65_536)
def with_dollars(quotas: Quotas) -> Quotas:
    """Those that are a budget."""
    return tuple((name, quota) for name, quota in quotas if quota.usd is not None)


def budgets(principal: Principal, model: str | None = None) -> Quotas:
    """The budgets of a principal: for one model, or all that hold for every model."""
    if model is None:
        return budgets_of(principal.quotas)
    return holding(with_dollars(principal.quotas), model)


@lru_cache(maxsize=65_536)
def budgets_of(quotas: Quotas) -> Quotas:
    """The budgets that hold for every model."""
    return tuple((name, quota) for name, quota in with_dollars(quotas) if "/model:" not in name)


def too_many(what: str, name: str, limit: int, retry_after_s: float) -> ApiError:
    """429 as OpenAI's clients retry it."""
    scope = name.partition(":")[0]
    return ApiError(
        429,
        f"Rate limit reached for this {scope}: {limit:,} {what}. Try again in "
        f"{max(retry_after_s, 0.001):.3g} s",
        code="rate_limit_exceeded",
        type="tokens" if what.startswith("tokens") else "requests",
        retry_after_s=retry_after_s,
        limit="concurrency" if what.endswith("at once") else what.partition(" ")[0],
    )


def never_fits(name: str, limit: int, tokens: int) -> ApiError:
    """A request that is larger than a whole minute's tokens: waiting does not help."""
    scope = name.partition(":")[0]
    return ApiError(
        429,
        f"this request may take {tokens:,} tokens, and this {scope} may take {limit:,} a minute: "
        "send less, or set a lower max_tokens",
        code="rate_limit_exceeded",
        type="tokens",
        limit="tokens",
    )
