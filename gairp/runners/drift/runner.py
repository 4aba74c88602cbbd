"""What `gairp.run` starts for `+experiment=drift`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import pandas as pd

from gairp.errors import DataError, UnknownNameError
from gairp.rewards import Utility
from gairp.runners.configured import configured
from gairp.runners.drift.learner import Learner, Taken
from gairp.runners.drift.report import Material, write_report
from gairp.runners.drift.world import ChangingWorld
from gairp.runners.finished import digest, finished
from gairp.runners.replay.preparing import prepare
from gairp.runners.replay.progress import progress
from gairp.traces.registry import locate

if TYPE_CHECKING:
    from omegaconf import DictConfig


class Unit(NamedTuple):
    """One run."""

    world: str
    learner: str
    budget: str
    seed: int


class DriftRunner:
    """Replays ParetoBandit's experiments on drift with several learners, and compares."""

    def __init__(
        self,
        *,
        trace: Mapping[str, Any],
        features: Mapping[str, Any],
        pacer: Mapping[str, Any],
        learners: Mapping[str, Mapping[str, Any]],
        primary: str,
        budgets: Mapping[str, float],
        regression: Mapping[str, Any],
        price_cut: Mapping[str, Any],
        arrival: Mapping[str, Any],
        published: Mapping[str, Mapping[str, float]],
        work: Path | str,
        out: Path | str,
        seeds: int = 20,
        contrast_seeds: int | None = None,
        draws: int = 1000,
        phase: int = 608,
        aim: float = 1.0,
    ) -> None:
        """`work` keeps finished runs; `aim` is the share of a budget (USD a request) to be spent.

        `regression`: arm, quality; `price_cut`: arm, factor, learners; `arrival`: arm, and its
        learners; `published`: figures of theirs by budget. `contrast_seeds` are those of learners
        beside the primary one in the regression, null: all.
        """
        self.trace, self.features = trace, features
        self.regression, self.price_cut, self.arrival = regression, price_cut, arrival
        self.pacer, self.primary, self.published = pacer, primary, published
        self.budgets = {name: float(rate) for name, rate in budgets.items()}
        self.work, self.out = Path(work), Path(out)
        self.seeds, self.draws = int(seeds), int(draws)
        self.contrast_seeds = self.seeds if contrast_seeds is None else int(contrast_seeds)
        self.phase, self.aim = int(phase), float(aim)
        self.learners = {name: Learner(name, given, pacer) for name, given in learners.items()}
        self.newcomers = {
            name: Learner(name, given, pacer) for name, given in arrival["learners"].items()
        }
        for key, named in (("primary", [primary]), ("price_cut.learners", price_cut["learners"])):
            for name in named:
                if name not in self.learners:
                    raise UnknownNameError(f"learner in runner.{key}", name, self.learners)

    @classmethod
    def from_config(cls, config: DictConfig) -> Self:
        """A runner of the composed configuration."""
        settings, given = configured(config)
        return cls(trace=settings["trace"], features=settings["features"], **given)

    def run(self) -> Path:
        """Do what is missing, write the report, and return its path."""
        material = Material(
            worlds=self._worlds(),
            published=self._regression_published(),
            figures=self.published,
            budgets=self.budgets,
            primary=self.primary,
            draws=self.draws,
        )
        found: dict[tuple[str, str, str, int], Taken] = dict(
            progress(self._all(material.worlds), len(self._units()))
        )
        return write_report(material, found, self.out)

    # -- worlds ---------------------------------------------------------------------------

    def _worlds(self) -> dict[str, ChangingWorld]:
        prepared = prepare(self.trace, self.features, Utility(), seed=0)
        span = {"start": {"request": self.phase}, "end": {"request": 2 * self.phase}}
        worse, cut, new = self.regression, self.price_cut, str(self.arrival["arm"])
        events = "gairp.replay.scenario"
        regression = {
            "_target_": f"{events}.quality_drift.QualityDrift", "arm": worse["arm"],
            "mode": "constant", "by": worse["quality"], **span,
        }  # fmt: skip
        price = {
            "_target_": f"{events}.price_change.PriceChange", "arm": cut["arm"],
            "factor": cut["factor"], **span,
        }  # fmt: skip
        wider = {**self.trace, "arms": [*self.trace["arms"], new]}
        grown = prepare(wider, self.features, Utility(), seed=0)
        return {
            "regression": ChangingWorld("regression", prepared, self.phase, [regression]),
            "price cut": ChangingWorld("price cut", prepared, self.phase, [price]),
            "arrival": ChangingWorld("arrival", grown, None, arrives=new),
        }

    def _regression_published(self) -> pd.DataFrame:
        table = pd.read_csv(locate("paretobandit")["published_quality_degradation"])
        if "ParetoBandit (tight)" not in set(table["condition"]):
            raise DataError(
                "paretobandit: published_quality_degradation has no condition 'ParetoBandit "
                "(tight)'; fetch the data set anew (python -m gairp.data fetch paretobandit)"
            )
        return table

    # -- runs -----------------------------------------------------------------------------

    def _units(self) -> list[Unit]:
        learners = {
            "regression": self.learners,
            "price cut": {name: self.learners[name] for name in self.price_cut["learners"]},
            "arrival": self.newcomers,
        }
        return [
            Unit(world, name, budget, seed)
            for seed in range(self.seeds)
            for world, named in learners.items()
            for name in named
            if seed < self.contrast_seeds or world != "regression" or name == self.primary
            for budget in self.budgets
        ]

    def _all(self, worlds: Mapping[str, ChangingWorld]) -> Iterator[tuple[Unit, Taken]]:
        keys = {name: self._key(world) for name, world in worlds.items()}
        for unit in self._units():
            learner = (self.newcomers if unit.world == "arrival" else self.learners)[unit.learner]
            key = digest([keys[unit.world], dict(learner.policy), self._rate(unit)], size=8)
            file = self.work / unit.world.replace(" ", "_") / key / f"{unit.seed}.npz"
            run = partial(self._taken, unit, learner, worlds[unit.world])
            yield unit, finished(Taken, file, run)

    def _taken(self, unit: Unit, learner: Learner, world: ChangingWorld) -> Taken:
        taken = learner.run(world, self._rate(unit), unit.seed)
        at, every = self._units().index(unit) + 1, len(self._units())
        print(f"{at}/{every} {', '.join(map(str, unit))}", flush=True)
        return taken

    def _rate(self, unit: Unit) -> float:
        return self.budgets[unit.budget] * self.aim

    def _key(self, world: ChangingWorld) -> str:
        """Runs of other settings or data are not taken for these."""
        prepared = world.prepared
        what = {
            "pacer": dict(self.pacer), "phases": world.phases, "events": list(world.events),
            "features": prepared.feature_fingerprint, "facts": dict(prepared.facts),
        }  # fmt: skip
        return digest(what, size=8)
