"""What workers of before have written, for a gateway that has none any more."""

from __future__ import annotations

from pathlib import Path

from gairp.gateway.learners.house import House
from gairp.gateway.workers.merger import Merger
from gairp.gateway.workers.publisher import Publisher
from gairp.gateway.workers.recalled import Recalled
from gairp.gateway.workers.spools import Spools


def take_leftovers(house: House, home: Path) -> None:
    """Into the journal, and into the learners; does nothing where there never were workers."""
    if not (home / "workers").is_dir():
        return
    spools = Spools(home)
    publisher = Publisher(house, learns=1, after_s=0.0)
    merger = Merger(house, spools, publisher, Recalled(1))
    merger.catch_up()
    merger.checkpoint()
    spools.close()
