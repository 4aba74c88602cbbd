"""What `gairp.run` starts for `+experiment=faults`: the fault table, and whether promises held."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from gairp.errors import BackendError, UnknownNameError
from gairp.pricing import count_tokens
from gairp.runners.faults.account import Account
from gairp.runners.faults.bench import bench
from gairp.runners.faults.cell import STRIKES, Cell, struck
from gairp.runners.faults.storm import storm
from gairp.runners.faults.strokes import Stroke, strokes
from gairp.runners.faults.table import print_table, rows, write_csv
from gairp.runners.faults.ways import WAYS

if TYPE_CHECKING:
    from omegaconf import DictConfig


class FaultsRunner:
    """Strikes every backend with every fault, once and always, then with all of them at once."""

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
        cells, storms = asyncio.run(self._all())
        table = rows(cells)
        path = self.out / "faults.csv"
        write_csv(table, path)
        print_table(table)
        for name, account in storms.items():
            print(_storm_line(name, self.storm_requests, account))
        self._check(cells, storms)
        print(
            f"{len(cells)} cells and {len(storms)} storms: no answer lost, none billed twice, "
            f"every charge billed or held; {path}"
        )
        return path

    async def _all(self) -> tuple[list[Cell], dict[str, Account]]:
        with tempfile.TemporaryDirectory(prefix="gairp-faults-") as folder:
            done = await asyncio.gather(*(self._one(name, Path(folder)) for name in self.ways))
        cells = [cell for per_stroke in zip(*(one[0] for one in done), strict=True)
                 for strikes in STRIKES for pair in per_stroke for cell in pair
                 if cell.strikes == strikes]  # fmt: skip
        return cells, {name: one[1] for name, one in zip(self.ways, done, strict=True)}

    async def _one(self, name: str, folder: Path) -> tuple[list[list[Cell]], Account]:
        """All faults on one backend, one after the other."""
        async with bench(self.ways[name], folder / name) as there:
            cells = [await _pair(there, name, stroke) for stroke in self.strokes]
            return cells, await storm(there, requests=self.storm_requests)

    def _check(self, cells: Sequence[Cell], storms: dict[str, Account]) -> None:
        broken = [
            f"{cell.backend}, {cell.fault} {cell.strikes}: {', '.join(cell.account.broken())}"
            for cell in cells
            if cell.account.broken()
        ]
        broken += [f"{n}, storm: {', '.join(a.broken())}" for n, a in storms.items() if a.broken()]
        if broken:
            raise BackendError(f"{len(broken)} promises were broken: {'; '.join(broken)}")


async def _pair(there: Any, name: str, stroke: Stroke) -> list[Cell]:
    return [await struck(there, name, stroke, strikes) for strikes in STRIKES]


def _storm_line(name: str, requests: int, account: Account) -> str:
    return (
        f"storm on {name}: {requests} requests, {account.calls} calls, {account.charged} tokens "
        f"charged, {account.billed} billed, {account.held} held; {account.lost} answers lost, "
        f"{account.twice} billed twice"
    )


def _named(what: str, name: str, known: Any) -> Any:
    if name not in known:
        raise UnknownNameError(what, name, known)
    return known[name]
