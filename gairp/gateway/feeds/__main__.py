"""The process of the feeds: `python -m gairp.gateway.feeds`, which the gateway starts.

The plan is the first line of its standard input, where nobody sees the database's password.

It ends when its standard input does, having taken what is in the journal by then: so it outlives a
gateway that was killed for as long as that takes. It says on its standard output how far it is.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from gairp.errors import GairpError

if TYPE_CHECKING:
    from gairp.gateway.feeds.plan import FeedPlan

_LOG = logging.getLogger("gairp.gateway")


def main() -> int:
    """Follow the journal until the gateway is gone."""
    # A Ctrl-C, or a signal to all of a service, is for the gateway, which ends this one in order.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _give_way()
    return _work()


def _work() -> int:
    """Loaded only now: a gateway that starts on one core is not to wait for it."""
    import msgspec

    from gairp.backends.openai.secret import Secrets
    from gairp.gateway.feeds.lock import sole_follower
    from gairp.gateway.feeds.plan import FeedPlan
    from gairp.telemetry.event import note
    from gairp.telemetry.logs import configure

    plan = msgspec.json.decode(sys.stdin.buffer.readline(), type=FeedPlan)
    configure(plan.log, scrub=Secrets([]).scrub)
    gone = threading.Event()
    threading.Thread(target=_wait, args=(gone,), daemon=True).start()
    try:
        with sole_follower(plan.folder, wanted=lambda: not gone.is_set()) as ours:
            if ours:
                _follow(plan, gone)
    except GairpError as error:
        note(_LOG, logging.ERROR, "feeds.failed", f"ledger and audit log: {error}")
        return 2
    return 0


def _give_way() -> None:
    """Answers come first where there is one core for both: run when nobody else wants to.

    A process that is only nice is not interrupted at once when a request comes in.
    """
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    else:
        os.nice(19)


def _hurry() -> None:
    """The gateway is gone, and the next one may wait for what is left: come first again, where the
    system lets a process (Linux asks for CAP_SYS_NICE, or a limit that allows it).
    """
    if hasattr(os, "SCHED_IDLE"):
        with suppress(OSError):
            for thread in os.listdir("/proc/self/task"):
                os.sched_setscheduler(int(thread), os.SCHED_OTHER, os.sched_param(0))


def _follow(plan: FeedPlan, gone: threading.Event) -> None:
    from gairp.gateway.feeds.feeder import Feeder

    feeders = [Feeder(feed, plan.journal, moved=_told) for feed in plan.feeds()]
    for feeder in feeders:
        _told(feeder.name, feeder.seq)
        feeder.start()
    gone.wait()
    for feeder in feeders:
        feeder.close()


_SAID: dict[str, int] = {}


def _told(name: str, seq: int) -> None:
    if _SAID.get(name) == seq:
        return
    _SAID[name] = seq
    try:
        os.write(1, f"{name} {seq}\n".encode())
    except OSError:  # the gateway is gone, and nobody wants to know
        _SAID.clear()


def _wait(gone: threading.Event) -> None:
    # Not by `sys.stdin`, whose lock this thread would still hold when the process ends.
    while os.read(0, 1 << 16):
        pass
    _hurry()
    gone.set()


if __name__ == "__main__":
    sys.exit(main())
