"""When a second arm is asked beside one that takes too long: hedged requests.

Dean and Barroso (2013), "The tail at scale", Communications of the ACM 56(2): whoever answers
first wins, and the other call is given up. The decision for the second arm is one of its own, with
its own propensity, under the request's id and `+h`.
"""

from __future__ import annotations

from gairp.errors import ConfigError

_FLOOR = 10  #: hedges that the first requests may have


class Hedges:
    """`after_s` where no rule says otherwise (None: never); at most `share` of requests are hedged.

    Where everything is slow hedges would double the load: hence the share.
    """

    def __init__(self, *, after_s: float | None = None, share: float = 0.1) -> None:
        if (after_s is not None and not after_s > 0) or not 0 <= share <= 1:
            raise ConfigError(
                f"hedge.after_s is {after_s} and hedge.share {share}; give seconds above 0, or "
                "null, and a share in [0, 1]"
            )
        self.after_s, self.share = after_s, share
        self.requests = 0  #: that might have been hedged
        self.begun = 0  #: hedges

    def begin(self) -> bool:
        """Whether one more may begin, which is then counted."""
        if self.begun >= _FLOOR + self.share * self.requests:
            return False
        self.begun += 1
        return True
