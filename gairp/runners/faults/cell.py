"""One cell of the table: one request, one backend, one fault that strikes once or always."""

from __future__ import annotations

import asyncio
from itertools import groupby

import msgspec

from gairp.backends.fake import FakeServer
from gairp.runners.faults.account import Account, account
from gairp.runners.faults.bench import HASTY, MODELS, SPARE, STRUCK, Bench, answer
from gairp.runners.faults.serving import Counter, Served
from gairp.runners.faults.strokes import Stroke
from gairp.types import Request, Response

STRIKES = ("once", "always")
_MANY_S = 1.0  #: waits that are worth a word


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    fault: str
    backend: str
    strikes: str
    saw: str
    account: Account


async def struck(bench: Bench, backend: str, stroke: Stroke, strikes: str) -> Cell:
    """Serve one request; waits between calls are noted and not waited for."""
    arm = HASTY if stroke.silent else STRUCK
    server = bench.server
    server.use({"models": {MODELS[arm]: answer(stroke.words)}, "faults": stroke.faults(strikes)})
    bench.forget()

    async def waited(seconds: float) -> None:
        if stroke.refused and strikes == "once":
            await server.listen()

    if stroke.refused:
        await closed(server)
    admission = bench.admission(arm, SPARE)
    folder = bench.folder / f"{stroke.name}-{strikes}"
    counter = Counter(bench, admission, folder, waited)
    name = f"{stroke.name} {strikes}"
    messages = ({"role": "user", "content": f"Who lit the lamp? ({name})"},)
    params = {"max_tokens": stroke.max_tokens}
    await counter.serve(Request(id=f"r-{name}", messages=messages, params=params))
    if stroke.refused:
        await server.listen()
    served = counter.close()
    await settled(bench)
    return Cell(
        fault=stroke.name,
        backend=backend,
        strikes=strikes,
        saw=saw(served, quarantined=bool(admission.quarantined)),
        account=account(served, bench.asked()),
    )


async def settled(bench: Bench) -> None:
    """Wait until the servers have noticed who has left, and written their bills."""
    while any(call.ended == "open" for call in bench.asked()):
        await asyncio.sleep(0.005)


async def closed(server: FakeServer) -> None:
    """Close the port and every connection, and let clients notice."""
    server.refuse()
    while server.connections:
        await asyncio.sleep(0.005)


def saw(served: Served, *, quarantined: bool) -> str:
    """What the caller of the request met, step by step."""
    steps = [(call.decision.arm, _said(response)) for call, response in served.responses]
    words = []
    for (arm, said), group in groupby(steps):
        count = len(list(group))
        other = "the other arm: " if arm == SPARE else ""
        words.append(f"{other}{said}" + (f" ×{count}" if count > 1 else ""))
    if served.waited_s >= _MANY_S:
        words[0] += f" (waited {served.waited_s:g} s)"
    if quarantined:
        words[-1] += " (overcharged: arm quarantined)"
    return ", ".join(words)


def _said(response: Response) -> str:
    if response.error is not None:
        return f"`{response.error.kind}`"
    notes = []
    if response.model not in MODELS.values():
        notes.append(f"of {response.model}")
    if response.usage.source == "recounted":
        notes.append("tokens recounted")
    return "answer" + (f" ({', '.join(notes)})" if notes else "")
