"""What `gairp.run` starts for `+experiment=faults`: the fault table, and whether promises held."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from gairp.errors import BackendError, UnknownNameError
from gairp.pricing import count_tokens
from gairp.runners.faults.account import Account
from gairp.runners.faults.bench import Bench, bench
from gairp.runners.faults.cell import STRIKES, Cell, struck
from gairp.runners.faults.loop import VirtualLoop, running
from gairp.runners.faults.stalls import stalls
from gairp.runners.faults.storm import gusts, storm
from gairp.runners.faults.strokes import Stroke, strokes
from gairp.runners.faults.table import print_table, rows, write_csv
from gairp.runners.faults.ways import WAYS

if TYPE_CHECKING:
    from omegaconf import DictConfig


class FaultsRunner:
    """Strikes every backend with every fault, once and always, then with all of them at once.

    And then stops the machine at every moment of a request. Clients and servers share a
    `VirtualLoop`, so that what comes out does not depend on how quick or how busy the machine is.
    """

    def __init__(
        self,
        *,
        out: Path,
        faults: Sequence[str] | None = None,
        backends: Sequence[str] | None = None,
        storm_requests: int = 200,
    ) -> None:
        """Names of faults and backends; None takes all. UnknownNameError for one there is not."""
        every = {stroke.name: stroke for stroke in strokes()}
        self.strokes = [_named("fault", name, every) for name in faults or every]
        self.ways = {name: _named("backend", name, WAYS) for name in backends or WAYS}
        self.out, self.storm_requests = out, storm_requests

    @classmethod
    def from_config(cls, config: DictConfig) -> Self:
        """A runner of the composed configuration; its table goes to Hydra's folder."""
        from hydra.core.hydra_config import HydraConfig
        from omegaconf import OmegaConf

        settings: Any = OmegaConf.to_container(config, resolve=True)
        out = Path(settings["out"] or HydraConfig.get().runtime.output_dir)
        return cls(out=out, **settings["faults"])

    def run(self) -> Path:
        """Print and write the table; its path. BackendError where a promise was broken."""
        count_tokens("words", encoding="o200k_base")  # loaded before anybody is in a hurry
        with asyncio.Runner(loop_factory=VirtualLoop) as loop:
            cells, weather = loop.run(self._all())
        table = rows(cells)
        path = self.out / "faults.csv"
        write_csv(table, path)
        print_table(table)
        for name, account in weather.items():
            print(_line(name, account))
        _check(cells, weather)
        print(
            f"{len(cells)} cells, storms and stalls on {len(self.ways)} backends: no answer lost, "
            f"none billed twice, every charge billed or held; {path}"
        )
        return path

    async def _all(self) -> tuple[list[Cell], dict[str, Account]]:
        """The cells, and the accounts of storms and stalls by what they are."""
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gairp-faults-")))
            benches = {
                name: await stack.enter_async_context(bench(way, folder / name))
                for name, way in self.ways.items()
            }
            done = await asyncio.gather(*(self._cells(*each) for each in benches.items()))
            cells = [cell for per_stroke in zip(*done, strict=True)
                     for strikes in STRIKES for pair in per_stroke for cell in pair
                     if cell.strikes == strikes]  # fmt: skip
            return cells, await self._weather(benches)

    async def _cells(self, name: str, there: Bench) -> list[list[Cell]]:
        """All faults on one backend, one after the other."""
        return [await _pair(there, name, stroke) for stroke in self.strokes]

    async def _weather(self, benches: Mapping[str, Bench]) -> dict[str, Account]:
        if not self.storm_requests:
            return {}
        with running().unsteady(gusts(seed=0)):
            storms = await asyncio.gather(
                *(storm(there, requests=self.storm_requests) for there in benches.values())
            )
        found = {f"storm on {n}": account for n, account in zip(benches, storms, strict=True)}
        # One after the other: they count the turns of the loop.
        return found | {f"stalls on {name}": await stalls(there) for name, there in benches.items()}


def _check(cells: Sequence[Cell], weather: Mapping[str, Account]) -> None:
    broken = [
        f"{cell.backend}, {cell.fault} {cell.strikes}: {', '.join(cell.account.broken())}"
        for cell in cells
        if cell.account.broken()
    ]
    broken += [f"{n}: {', '.join(a.broken())}" for n, a in weather.items() if a.broken()]
    if broken:
        raise BackendError(f"{len(broken)} promises were broken: {'; '.join(broken)}")


async def _pair(there: Bench, name: str, stroke: Stroke) -> list[Cell]:
    return [await struck(there, name, stroke, strikes) for strikes in STRIKES]


def _line(name: str, account: Account) -> str:
    return (
        f"{name}: {account.calls} calls, {account.charged} tokens charged, {account.billed} "
        f"billed, {account.held} held; {account.lost} answers lost, {account.twice} billed twice, "
        f"{account.uncovered} tokens uncovered"
    )


def _named(what: str, name: str, known: Any) -> Any:
    if name not in known:
        raise UnknownNameError(what, name, known)
    return known[name]
