"""Several learned routers asked at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from gairp.errors import ConfigError
from gairp.policies.base import Floats, State
from gairp.policies.learned.calibration import Method
from gairp.policies.learned.router import Bools, LearnedRouter
from gairp.rewards import Utility


class Ensemble(LearnedRouter):
    """Quality = the mean of what the members predict.

    Dietterich (2000), "Ensemble methods in machine learning", section 1: errors that do not go
    together cancel.

    members: learned routers that predict quality, of whatever kinds.
    """

    def __init__(
        self,
        *,
        members: Sequence[LearnedRouter],
        calibration: Method = "none",
        holdout: float = 0.2,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(calibration=calibration, holdout=holdout, utility=utility, name=name)
        if not members:
            raise ConfigError("ensemble.members is empty; name at least one router")
        for member in members:
            if member.predict != "quality":
                raise ConfigError(
                    f"ensemble.members: {member.name!r} predicts {member.predict}; set its predict "
                    "to quality"
                )
        self.members = tuple(members)

    def fresh(self) -> Self:
        """An untrained ensemble of untrained members."""
        parameters = {**self.parameters(), "members": [member.fresh() for member in self.members]}
        return type(self)(**parameters)

    def _fit(self, x: Floats, y: Floats, observed: Bools, rng: np.random.Generator) -> None:
        for member in self.members:
            member._fit(x, y, observed, rng)

    def _predict(self, x: Floats) -> Floats:
        return np.asarray(np.mean([member._predict(x) for member in self.members], axis=0))

    def _predict_one(self, x: Floats) -> Floats:
        return np.asarray(np.mean([member._predict_one(x) for member in self.members], axis=0))

    def _model(self) -> dict[str, Any]:
        kinds = [type(member).__name__ for member in self.members]
        return {"kinds": kinds, "models": [member._model() for member in self.members]}

    def _take_up(self, model: State) -> None:
        kinds = [type(member).__name__ for member in self.members]
        if list(model["kinds"]) != kinds:
            raise ValueError(f"the members were {model['kinds']} and are {kinds}")
        for member, part in zip(self.members, model["models"], strict=True):
            member._take_up(part)
