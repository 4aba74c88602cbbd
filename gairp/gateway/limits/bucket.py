"""Tokens a minute as a bucket that fills steadily, with holds that are settled later."""

from __future__ import annotations


class TokenBucket:
    """At most `limit` tokens at once, `limit` / 60 more each second; `now` is in seconds.

    What a request may take is held when it comes, and what it did not take is given back. A
    settlement above the hold is a debt: nothing is let in until it is paid.
    """

    __slots__ = ("_at", "limit", "tokens")

    def __init__(self, limit: int, now: float) -> None:
        self.limit, self._at = limit, now
        self.tokens = float(limit)  #: left when somebody last asked, took or gave

    def fill(self, limit: int, now: float) -> None:
        """Begin anew, full, with another limit."""
        self.limit, self.tokens, self._at = limit, float(limit), now

    def left(self, now: float) -> float:
        """Tokens that may be taken."""
        if now > self._at:
            filled = self.tokens + (now - self._at) * self.limit / 60.0
            self.tokens = filled if filled < self.limit else float(self.limit)
            self._at = now
        return self.tokens

    def take(self, tokens: int, now: float) -> float:
        """Hold them; 0, or the seconds after which they might be had, and nothing is held."""
        left = self.left(now)
        if tokens <= left:
            self.tokens = left - tokens
            return 0.0
        return (tokens - left) * 60.0 / self.limit

    def give(self, tokens: int, now: float) -> None:
        """Back what was held and not used; less than 0 takes more."""
        left = self.left(now) + tokens
        self.tokens = left if left < self.limit else float(self.limit)
