"""One router on one split: tuned on validation, fitted on train, measured on test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gairp.policies.learned.router import LearnedRouter
from gairp.rewards import Utility
from gairp.runners.plateau.part import Part
from gairp.runners.plateau.tuning import Settings, Tuner
from gairp.runners.replay.prepared import Prepared
from gairp.types import Floats, TrainingSet


class Cell(NamedTuple):
    """What came of one router on one split."""

    router: str
    split: int
    quality: Floats  #: [n], of the test rows
    cost_usd: Floats  #: [n]
    aiq: float
    settings: str  #: that were found, as JSON


class Bench:
    """One split, ready for routers."""

    def __init__(self, prepared: Prepared, split: int, *, tune_rows: int) -> None:
        self.split = split
        self.train = prepared.training_set("train")
        picked = np.random.default_rng([split, 3]).permutation(len(self.train.features))
        self.few = self.train.rows(np.sort(picked[:tune_rows]))
        self.validation = Part.of(prepared, prepared.rows("validation"))
        self.test = Part.of(prepared, prepared.rows("test"))

    def cell(self, name: str, given: Mapping[str, Any], journal: Path, *, trials: int) -> Cell:
        """Tune, fit, measure; the cost weight is chosen on validation too.

        `journal` keeps the trials of a search that was stopped.
        """
        policy, search = given["policy"], given.get("search") or {}

        def score(settings: Settings) -> float:
            router = self._fitted(name, {**policy, **settings}, self.few)
            return self.validation.aiq(self.validation.swept(self.validation.predicted(router)))

        tuner = Tuner(journal, f"{name}-{self.split}", search, trials=trials, seed=self.split)
        settings = tuner.best(score)
        router = self._fitted(name, {**policy, **settings}, self.train)
        weight = self.validation.best_weight(
            self.validation.swept(self.validation.predicted(router))
        )
        predicted = self.test.predicted(router)
        return Cell(
            name, self.split, *self.test.taken(predicted, weight),
            aiq=self.test.aiq(self.test.swept(predicted)), settings=json.dumps(settings),
        )  # fmt: skip

    def _fitted(self, name: str, config: Mapping[str, Any], train: TrainingSet) -> LearnedRouter:
        from hydra.utils import instantiate

        router: LearnedRouter = instantiate(
            dict(config), utility=Utility(), name=name, _convert_="all"
        )
        router.fit(train, np.random.default_rng([self.split, 2]))
        return router
