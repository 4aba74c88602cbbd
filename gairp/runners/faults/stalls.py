"""A machine that stands still: for longer than a client waits, at every moment of a request."""

from __future__ import annotations

from gairp.runners.faults.account import Account, account
from gairp.runners.faults.bench import HASTY, MODELS, SPARE, Bench, answer
from gairp.runners.faults.cell import closed, settled
from gairp.runners.faults.loop import running
from gairp.runners.faults.serving import Counter
from gairp.types import Request

_STALL_S = 2.0


async def stalls(bench: Bench) -> Account:
    """The accounts of all requests together: one for each turn of the loop, stopped in that turn.

    First each on a new connection, then each on one that has answered before.
    """
    bench.server.use({"models": {MODELS[HASTY]: answer(14)}})
    bench.forget()
    # A breaker that opens would keep requests away from what is to be looked at.
    admission = bench.admission(HASTY, SPARE, failures=10**6)
    counter = Counter(bench, admission, bench.folder / "stalls", _not_at_all)
    for kind in ("new", "used"):
        turn = 1
        while await _stopped(counter, turn, f"{kind}-{turn}"):
            turn += 1
            await settled(bench)
            if kind == "new":
                await closed(bench.server)
                await bench.server.listen()
    served = counter.close()
    await settled(bench)
    return account(served, bench.asked())


async def _stopped(counter: Counter, turn: int, name: str) -> bool:
    """Serve one request, stopped in this turn of the loop; whether it took so many."""
    left = turn

    def stand_still() -> float:
        nonlocal left
        left -= 1
        return _STALL_S if left == 0 else 0.0

    messages = ({"role": "user", "content": f"Who lit lamp {name}?"},)
    with running().unsteady(stand_still):
        await counter.serve(Request(id=f"s-{name}", messages=messages))
    return left <= 0


async def _not_at_all(seconds: float) -> None:
    return None
