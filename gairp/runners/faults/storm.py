"""Everything at once: many in flight, any fault at any call, callers who leave, time that jumps."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from gairp.rng import DecisionRng
from gairp.runners.faults.account import Account, account
from gairp.runners.faults.bench import HASTY, MODELS, SPARE, Bench, answer
from gairp.runners.faults.cell import settled
from gairp.runners.faults.serving import Counter
from gairp.runners.faults.strokes import strokes
from gairp.types import Request

IN_FLIGHT = 16
_STRUCK = 0.5  #: share of the calls to the struck server
_LEFT = 0.1  #: share of the requests whose caller does not wait for the answer


#: Virtual seconds that a turn of the loop takes on the average, the share of turns in which the
#: machine stands still, and for how long: more than a client has patience for.
_TURN_S, _STALLED, _STALL_S = 0.001, 0.01, 2.0


def gusts(seed: int) -> Callable[[], float]:
    """Seconds that pass in each turn of the loop that storms are in."""
    rng = DecisionRng(seed, "turns")

    def each_turn() -> float:
        stalled = rng.random() < _STALLED
        return _STALL_S if stalled else -_TURN_S * math.log1p(-rng.random())

    return each_turn


async def storm(bench: Bench, *, requests: int, seed: int = 0) -> Account:
    """The accounts of all requests together; waits between calls are left out."""
    able = [stroke for stroke in strokes() if not stroke.refused]
    when = f"probability {_STRUCK / len(able)}"
    faults = [fault for stroke in able for fault in stroke.faults(when)]
    bench.server.use({"seed": seed, "models": {MODELS[HASTY]: answer(14)}, "faults": faults})
    bench.forget()
    admission = bench.admission(HASTY, SPARE, cooldown_s=1e-4, max_cooldown_s=1e-3)
    counter = Counter(bench, admission, bench.folder / f"storm-{seed}", _not_at_all)
    numbers = iter(range(requests))

    async def user() -> None:
        for number in numbers:
            await _serve(counter, number, seed)

    await asyncio.gather(*(user() for _ in range(IN_FLIGHT)))
    served = counter.close()
    await settled(bench)
    return account(served, bench.asked())


async def _serve(counter: Counter, number: int, seed: int) -> None:
    name = f"r{seed}-{number}"
    rng = DecisionRng(seed, name, 0)
    messages = ({"role": "user", "content": f"Who lit lamp {name}?"},)
    patience = 0.02 * rng.random() / _LEFT if rng.random() < _LEFT else None
    try:
        async with asyncio.timeout(patience):
            await counter.serve(Request(id=name, messages=messages))
    except TimeoutError:
        counter.served.left.add(name)


async def _not_at_all(seconds: float) -> None:
    return None
