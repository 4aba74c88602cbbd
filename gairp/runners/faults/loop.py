"""An event loop on real sockets whose seconds are not the machine's."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Real seconds in which what the kernel or a thread still has in hand must show. Where that takes
#: longer, whoever waits for it may lose patience too early.
GRACE_S = 0.02


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time passes when nobody has anything to do, and then goes straight to the next timer.

    So a limit of time strikes what is silent and never what is slow, and neither a machine under
    load nor one that stops for a while changes what happens. Use it as a clock, too: `now`.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._each_turn: Callable[[], float] | None = None
        super().__init__(_Turns(self))

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now

    now = time

    def pass_(self, seconds: float) -> None:
        """Let them pass."""
        self._now += seconds

    def turn(self) -> float:
        """Seconds that pass in this turn, which begins."""
        return 0.0 if self._each_turn is None else self._each_turn()

    @contextmanager
    def unsteady(self, each_turn: Callable[[], float]) -> Iterator[None]:
        """Let it say how many seconds pass in each turn of the loop, within the block.

        They pass before the loop looks at its sockets, as on a machine that stood still: what has
        come meanwhile and the timers that have run out are found in the same turn.
        """
        self._each_turn = each_turn
        try:
            yield
        finally:
            self._each_turn = None


class _Turns(selectors.DefaultSelector):
    """Looks at the sockets, once a turn of the loop."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready; where that is nothing, the wait for the next timer is over at once."""
        if seconds := self._loop.turn():
            self._loop.pass_(seconds)
            return super().select(0)
        if not timeout:  # callbacks wait already, or no timer is set
            return super().select(timeout)
        # Twice, since the time may be up for a process that was stopped before it could look.
        ready = super().select(GRACE_S) or super().select(0)
        if not ready:
            self._loop.pass_(timeout)
        return ready


def running() -> VirtualLoop:
    """The loop that runs, which has to be one of these."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop), "the fault table is made by FaultsRunner.run"
    return loop
