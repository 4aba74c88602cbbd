"""How long a call may take in all, until its first token, and between two events."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable
from typing import TypeVar

import msgspec

from gairp.backends.openai.broken import BrokenAnswerError
from gairp.errors import ConfigError

T = TypeVar("T")
_TAIL_S = 5.0  # a server that neither ends its stream nor sends more has nothing left to say


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """Limits in seconds; None is no limit."""

    timeout_s: float | None = None
    first_token_timeout_s: float | None = None
    idle_timeout_s: float | None = None

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ConfigError(f"{name} is {value!r}; it must be above 0 seconds, or null")

    def begin(self, *, stream: bool) -> Wait:
        """Start the clock of one call; without a stream only the whole call is limited."""
        return Wait(self, stream=stream)


class Wait:
    """One call's clock, that of the running loop."""

    def __init__(self, patience: Patience, *, stream: bool) -> None:
        first, idle = (
            (patience.first_token_timeout_s, patience.idle_timeout_s) if stream else (None, None)
        )
        self._idle = idle
        self._idle_due = math.inf
        self._now = asyncio.get_running_loop().time
        start = self._now()
        self._due = math.inf if patience.timeout_s is None else start + patience.timeout_s
        self._first_due = math.inf if first is None else start + first
        self._patience = patience

    async def for_(self, thing: Awaitable[T]) -> T:
        """Its result, or BrokenAnswerError that says which limit was passed."""
        due = min(self._due, self._first_due, self._idle_due)
        if due == math.inf:
            return await thing
        try:
            async with asyncio.timeout_at(due) as limit:
                return await thing
        except TimeoutError:
            if not limit.expired():
                raise  # one of the operating system's
            raise self._passed(due) from None

    def heard(self, *, token: bool, ended: bool) -> None:
        """An event came; the first token ends the wait for it. After the end, usage may follow."""
        if token or ended:
            self._first_due = math.inf
        if ended:
            self._due = min(self._due, self._now() + _TAIL_S)
        if self._idle is not None:
            self._idle_due = self._now() + self._idle

    def _passed(self, due: float) -> BrokenAnswerError:
        patience = self._patience
        if due == self._due:
            text = f"not whole within timeout_s = {patience.timeout_s:g} s"
        elif due == self._first_due:
            text = f"no token within first_token_timeout_s = {patience.first_token_timeout_s:g} s"
        else:
            text = f"nothing more came for idle_timeout_s = {patience.idle_timeout_s:g} s"
        return BrokenAnswerError("timeout", text)
