"""What a rule says."""

from __future__ import annotations

from typing import Literal

import msgspec

By = Literal["request", "session", "user", "tenant", "key"]


class BranchSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One side of an A/B test or a canary."""

    to: str
    weight: float


class SplitSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shares of requests for several targets; equal units always get the same branch."""

    branches: dict[str, BranchSpec]
    by: By = "request"
    salt: str = ""  #: another salt draws the units anew


class ShadowSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A copy for a challenger; its answer goes nowhere and is never learned from."""

    to: str
    share: float = 1.0
    usd_per_day: float = 1.0


class RefusalSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer without a model."""

    message: str
    status: int = 403


class RuleSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first rule with a `to`, a `split` or a `refuse` whose condition holds decides.

    Rules without any of these add what they say, and the next ones are looked at.
    """

    name: str
    when: str = "true"
    to: str | None = None  #: a model, arm, alias, or gairp/POLICY
    split: SplitSpec | None = None
    refuse: RefusalSpec | None = None
    fallbacks: list[str] = []  #: asked in turn where the target has no arm left or fails
    deadline_s: float | None = None
    hedge_s: float | None = None  #: without an answer by then another arm is asked as well
    affinity: By | None = None  #: later requests of the same unit keep their first arm
    shadow: ShadowSpec | None = None


class TestSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request, as facts, and the rule and target that it must meet."""

    __test__ = False  # no test of pytest's

    name: str
    given: dict[str, object] = {}
    rule: str | None = None
    to: str | None = None


class BookSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of rules, and of tests of them."""

    rules: list[RuleSpec] = []
    tests: list[TestSpec] = []
