"""Two fake servers and a stage of the live runner on them: one server is struck, one is well."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gairp.backends.fake import FakeServer
from gairp.backends.fake.ledger import Call as Asked
from gairp.routing.admission import Admission
from gairp.routing.breaker import Breakers
from gairp.routing.costing import Costing
from gairp.routing.spend import SpendCeiling
from gairp.runners.faults.loop import VirtualLoop, running
from gairp.runners.faults.ways import Way
from gairp.runners.live.settings import LiveSettings
from gairp.runners.live.stage import Stage, build_stage

#: Arms. `hasty` is `struck` by a backend with little patience; `spare` costs most.
STRUCK, HASTY, SPARE = "struck", "hasty", "spare"
MODELS = {STRUCK: "m", HASTY: "m", SPARE: "spare"}
CEILING_USD = 1.0
#: Seconds that a client waits for an answer, for its first token, and for each that follows.
PATIENCE_S: Mapping[str, float] = {STRUCK: 60.0, HASTY: 0.75, SPARE: 60.0}
_PRICES = """
models:
  m: [{from: 2025-01-01, input: 1.0, output: 4.0}]
  spare: [{from: 2025-01-01, input: 2.0, output: 8.0}]
  another-model: [{from: 2025-01-01, input: 0.5, output: 2.0}]
"""


@dataclass(frozen=True, slots=True)
class Bench:
    """`stage` is what a live run on these two servers would have."""

    server: FakeServer  #: the one that is struck
    spare: FakeServer
    stage: Stage
    clock: VirtualLoop
    folder: Path

    def forget(self) -> None:
        """Begin the servers' ledgers anew."""
        self.server.ledger.clear()
        self.spare.ledger.clear()

    def asked(self) -> list[Asked]:
        """What both servers have been asked since."""
        return [*self.server.ledger.calls(), *self.spare.ledger.calls()]

    def admission(self, *arms: str, **breaker: Any) -> Admission:
        """A gate over some of the arms: prices, ceiling and breakers know nothing of the past."""
        stage, known = self.stage, self.stage.costing
        chosen = {name: stage.arms[name] for name in arms}
        return Admission(
            arms=chosen,
            costing=Costing(
                arms=chosen, catalogue=known.catalogue, as_of=known.as_of, compose=known.compose
            ),
            ceiling=SpendCeiling(usd=CEILING_USD),
            breakers=Breakers(**breaker),
            board=stage.board,
            clock=self.clock,
        )


@asynccontextmanager
async def bench(way: Way, folder: Path) -> AsyncIterator[Bench]:
    """Servers and backends, ended with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    prices = folder / "prices.yaml"
    prices.write_text(_PRICES)
    async with FakeServer() as server, FakeServer(_well()) as spare:
        live = LiveSettings(
            backends={
                STRUCK: {**way(server.base_url, folder), **_waits(STRUCK)},
                HASTY: {**way(server.base_url, folder), **_waits(HASTY)},
                SPARE: {**way(spare.base_url, folder), **_waits(SPARE)},
            },
            arms={name: {"backend": name, "model": model} for name, model in MODELS.items()},
            params={"max_tokens": 64},
            prices={"user_files": [str(prices)], "genai": False},
        )
        clock = running()
        stage = build_stage(live, clock=clock, priced=True, horizon=1)
        try:
            await stage.start()
            yield Bench(server=server, spare=spare, stage=stage, clock=clock, folder=folder)
        finally:
            await stage.aclose()


def answer(words: int) -> dict[str, Any]:
    """A model of a fake server that says so many words."""
    text = "The lamp by the river burns all night, and nobody knows who 🪔 it."
    more = " word" * max(0, words - len(text.split()))
    return {"answer": {"text": text + more}}


def _waits(arm: str) -> dict[str, float]:
    names = ("timeout_s", "first_token_timeout_s", "idle_timeout_s")
    return dict.fromkeys(names, PATIENCE_S[arm])


def _well() -> dict[str, Any]:
    return {"models": {MODELS[SPARE]: answer(14)}}
