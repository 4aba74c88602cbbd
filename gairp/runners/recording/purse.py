"""Lets a question begin only where the ceiling can pay for all of it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence

from gairp.routing.costing import Bound
from gairp.routing.spend import SpendCeiling
from gairp.runners.recording.pair import Pair


class Purse:
    """Promises what pairs may cost at most, from when they are let in until they are reserved.

    A prompt that one arm did not answer is of no use to most studies: money is not begun to be
    spent on it. Who does not fit waits while calls are under way that may cost less than is held
    for them.
    """

    def __init__(self, *, ceiling: SpendCeiling, bound: Callable[[Pair], Bound]) -> None:
        self.ceiling, self._bound = ceiling, bound
        self._promised: dict[str, Bound] = {}
        self._turn = asyncio.Event()

    async def admit(self, pairs: Sequence[Pair], stop: asyncio.Event) -> bool:
        """Wait until all of these fit; False where they never will, or `stop` is set."""
        bounds = {pair.key: self._bound(pair) for pair in pairs}
        while not stop.is_set():
            if self._fits(list(bounds.values())):
                self._promised.update(bounds)
                return True
            if self._idle():
                return False
            await self._turn.wait()
        return False

    def begun(self, pair: Pair) -> None:
        """Its call is reserved, or will not be made."""
        self._promised.pop(pair.key, None)

    def changed(self) -> None:
        """Something ended: those who wait may look again."""
        self._turn.set()
        self._turn = asyncio.Event()

    def _fits(self, bounds: list[Bound]) -> bool:
        ceiling, all_ = self.ceiling, [*self._promised.values(), *bounds]
        if ceiling.usd is not None and not math.fsum(b.usd for b in all_) <= ceiling.left_usd:
            return False
        return ceiling.tokens is None or sum(b.tokens for b in all_) <= ceiling.left_tokens

    def _idle(self) -> bool:
        ceiling = self.ceiling
        return not (self._promised or ceiling.reserved_usd or ceiling.reserved_tokens)
