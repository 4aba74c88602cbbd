"""The states that a shared learner's copies decided with, as long as a decision needs them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping

from gairp.errors import DataError
from gairp.policies.base import BasePolicy


class Copies:
    """Keeps a copy of the policy for each position of the log that decisions were drawn from."""

    def __init__(self, uses: Mapping[int, int]) -> None:
        """`uses`: position -> how many decisions are to come; see `Decided.as_of`."""
        self._left = Counter(uses)
        self._wanted = deque(sorted(uses))
        self._kept: dict[int, BasePolicy] = {}

    def reached(self, seq: int, policy: BasePolicy) -> None:
        """The policy stands as it stood before the event at `seq`."""
        while self._wanted and self._wanted[0] <= seq:
            self._kept[self._wanted.popleft()] = policy.clone()

    def take(self, as_of: int, decision_id: str) -> BasePolicy:
        """The one that decided; DataError where the log says that it knew what came later."""
        policy = self._kept.get(as_of)
        if policy is None:
            raise DataError(
                f"decision {decision_id!r} was drawn from the state after {as_of} events, which "
                "the log before it lacks; it was put together wrongly"
            )
        self._left[as_of] -= 1
        if not self._left[as_of]:
            del self._kept[as_of]
        return policy
