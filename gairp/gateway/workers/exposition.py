"""What all processes of a gateway count, for whichever of them is scraped.

Each writes what it has to say every second, and shows what the others wrote beside its own, told
apart by the label `worker`. Summed up in one series, the counters of a worker that was started anew
would pull all of it down, and `rate` would take that for a reset of the whole: so sum the rates.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from gairp.gateway.workers.part import folder_of

_FILE = "metrics"


class Family(msgspec.Struct, frozen=True, array_like=True):
    """One metric of one process: samples are name, labels, value."""

    name: str
    what: str
    kind: str
    samples: list[tuple[str, dict[str, str], float]]


class Exposition:
    """Of one process; `families` says what it counts now."""

    def __init__(self, home: Path, name: str, families: Callable[[], Iterable[Metric]]) -> None:
        self._home, self._name, self._families = home, name, families
        self._path = folder_of(home, name) / _FILE

    async def keep(self, every_s: float = 1.0) -> None:
        """Write, until cancelled."""
        while True:
            self.write()
            await asyncio.sleep(every_s)

    def write(self) -> None:
        """For the others."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        part.write_bytes(msgspec.msgpack.encode(self._own()))
        part.replace(self._path)

    def text(self) -> bytes:
        """Of all processes, this one's as of now."""
        registry = CollectorRegistry()
        told = dict(self._others())
        told[self._name] = self._own()
        registry.register(_Together(told))
        return generate_latest(registry)

    def _own(self) -> list[Family]:
        return [
            Family(
                m.name, m.documentation, m.type, [(s.name, s.labels, s.value) for s in m.samples]
            )
            for m in self._families()
        ]

    def _others(self) -> Iterator[tuple[str, list[Family]]]:
        for path in sorted((self._home / "workers").glob(f"*/{_FILE}")):
            yield path.parent.name, msgspec.msgpack.decode(path.read_bytes(), type=list[Family])


class _Together(Collector):
    """The same metric of several processes as one."""

    def __init__(self, told: dict[str, list[Family]]) -> None:
        self._told = told

    def collect(self) -> Iterable[Metric]:
        """Each sample with the process that it is of."""
        found: dict[str, Metric] = {}
        for worker, families in self._told.items():
            for family in families:
                metric = found.get(family.name)
                if metric is None:
                    metric = found[family.name] = Metric(family.name, family.what, family.kind)
                for name, labels, value in family.samples:
                    metric.add_sample(name, {**labels, "worker": worker}, value)
        return found.values()


def clear(home: Path) -> None:
    """Nothing of processes that are no more."""
    for path in (home / "workers").glob(f"*/{_FILE}"):
        path.unlink()
