"""Which of two responses is better, asked both ways round."""

from __future__ import annotations

import math

import msgspec

from gairp.rewards.graders.grade import Grade, GraderCall, Status


class Comparison(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A judge's preference: 1 for the first response, 0 for the second, 0.5 for a tie."""

    preference: float  #: NaN where one of the orders could not be read
    forward: float  #: with the first response shown first
    backward: float  #: with the second shown first; still 1 for the first
    status: Status
    reason: str = ""
    calls: tuple[GraderCall, ...] = ()  #: votes are for the first response, in either order

    @property
    def consistent(self) -> bool:
        """Whether both orders gave one verdict: else position decided, not quality."""
        return self.forward == self.backward

    def grade(self) -> Grade:
        """The preference as the first response's quality."""
        return Grade(
            quality=self.preference, status=self.status, reason=self.reason, calls=self.calls
        )


def settled(forward: float, backward: float) -> float:
    """The preference of both orders; a tie where they disagree, NaN where one is unknown.

    The conservative rule of Zheng et al. (2023), section 3.4.
    """
    if math.isnan(forward) or math.isnan(backward):
        return math.nan
    return forward if forward == backward else 0.5
