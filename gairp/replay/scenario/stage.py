"""The stage that events are played on: arms, their roles, and how long the stream is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gairp.errors import UnknownNameError
from gairp.types import Floats

#: What an event may call an arm in place of its name: by mean utility or cost on the fitted part.
ROLES = ("best", "second", "worst", "cheapest", "dearest")


@dataclass(frozen=True, slots=True)
class Stage:
    """What events are bound to."""

    arms: tuple[str, ...]
    requests: int
    roles: Mapping[str, str]

    @classmethod
    def of(
        cls,
        arms: tuple[str, ...],
        utility: Floats,
        cost_usd: Floats,
        *,
        requests: int,
    ) -> Stage:
        """Roles from the arms' mean utilities and costs [k]; an unknown cost is nobody's role."""
        order = np.argsort(-np.nan_to_num(utility, nan=-np.inf), kind="stable")
        roles = {"best": arms[order[0]], "worst": arms[order[-1]]}
        if len(arms) > 1:
            roles["second"] = arms[order[1]]
        if not np.isnan(cost_usd).any():
            roles["cheapest"] = arms[int(cost_usd.argmin())]
            roles["dearest"] = arms[int(cost_usd.argmax())]
        return cls(arms=arms, requests=requests, roles=roles)

    def arm(self, name: str) -> str:
        """An arm by name or role; UnknownNameError for neither."""
        if name in self.arms:
            return name
        if name in self.roles:
            return self.roles[name]
        raise UnknownNameError("arm or role in scenario", name, (*self.arms, *self.roles))


@dataclass(frozen=True, slots=True)
class Stream:
    """The requests to come: rows of the table, with what an event may order them by."""

    rows: NDArray[np.int64]  #: [n]
    categories: tuple[str, ...]  #: [n]
    utility: Floats  #: [n, k], what each arm's answer is worth
