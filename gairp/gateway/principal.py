"""Who asks, what for, and what they may have."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal

import msgspec

Period = Literal["day", "month", "total"]
Scope = Literal["inference", "feedback", "admin"]


class Quota(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What may be used at most; None is no limit."""

    rpm: int | None = None  #: requests a minute
    tpm: int | None = None  #: tokens a minute, in and out
    concurrency: int | None = None  #: requests under way at once
    usd: float | None = None  #: USD a period
    usd_period: Period = "month"  #: calendar day or month in UTC, or for ever


class Principal(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who a request is from, as its key or token says."""

    tenant: str
    project: str = "default"
    key_id: str = ""  #: names the key or the token's subject; never the secret
    scopes: frozenset[str] = frozenset({"inference", "feedback"})
    models: tuple[str, ...] = ()  #: patterns (`gpt-*`) of models, aliases and policies; () is all
    #: (name, quota); all must hold. Names are `key:ID`, `project:T/P`, `tenant:T`, and, with a
    #: pattern of models behind them, `tenant:T/model:gpt-*`
    quotas: tuple[tuple[str, Quota], ...] = ()

    def may_use(self, model: str) -> bool:
        """Whether this model, alias or policy may be asked for."""
        return not self.models or any(fnmatchcase(model, pattern) for pattern in self.models)
