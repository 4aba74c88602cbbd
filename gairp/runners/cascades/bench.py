"""One split, ready for methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gairp.metrics.aiq import aiq
from gairp.rewards import Utility
from gairp.runners.cascades.checks import Check, checked_name, with_checks
from gairp.runners.cascades.curve import Curve, Served
from gairp.runners.replay.prepared import Prepared
from gairp.types import Floats


class Bench:
    """Fits a method on train at every weight of cost, and replays validation and test."""

    def __init__(
        self,
        prepared: Prepared,
        split: int,
        *,
        checks: Mapping[str, Check],
        free: Sequence[str],
        weights: Sequence[float],
    ) -> None:
        """`weights` are utility over the range of the plain arms' mean costs."""
        self.prepared, self.split = prepared, split
        self.checks, self.free = checks, tuple(free)
        cost = prepared.expected_cost("train")
        self.weights = np.asarray(weights) / (1000.0 * float(cost.max() - cost.min()))

    def curve(self, name: str, given: Mapping[str, Any]) -> Curve:
        """One method: `policy`, and `checks` that its arms may do."""
        names = list(given.get("checks") or [])
        outcomes = with_checks(self.prepared.outcomes, self.checks, self.free, names)
        own = replace(self.prepared, outcomes=outcomes)
        config = dict(given["policy"])
        if names:
            plain = self.prepared.arms
            config["models"] = {checked_name(arm, n): arm for n in names for arm in plain}
        train = own.training_set("train")
        tried: list[tuple[Served, Served]] = []
        for weight in self.weights:
            policy = self._fitted(name, config, train, float(weight))
            served = (Served(policy, own, part, seed=self.split) for part in ("validation", "test"))
            tried.append(tuple(served))  # type: ignore[arg-type]
        seen, test = zip(*tried, strict=True)
        return Curve(
            quality=np.array([one.quality for one in test]),
            cost_usd=np.array([one.cost_usd for one in test]),
            latency_s=np.array([one.latency_s for one in test]),
            attempts=np.array([one.attempts for one in test]),
            validation_aiq=self._aiq(seen),
        )

    def _fitted(self, name: str, config: Mapping[str, Any], train: Any, weight: float) -> Any:
        from hydra.utils import instantiate

        utility = Utility(cost_weight=weight)
        policy = instantiate(dict(config), utility=utility, name=name, _convert_="all")
        policy.fit(train, np.random.default_rng([self.split, 2]))
        return policy

    def _aiq(self, seen: Sequence[Served]) -> float:
        table = self.prepared.outcomes.cost_usd
        assert table is not None
        arms: Floats = table[self.prepared.rows("validation")].mean(axis=0)
        costs = np.array([one.cost_usd.mean() for one in seen])
        quality = np.array([one.quality.mean() for one in seen])
        return float(aiq(costs, quality, c_min=arms.min(), c_max=arms.max()))
