"""A fixed mix of two arms, chosen on the training rows: what a router must beat at equal cost."""

from __future__ import annotations

import numpy as np

from gairp.errors import ConfigError, NotFittedError, PolicyError
from gairp.policies.base import BasePolicy, Floats, State
from gairp.policies.mixture import mixed
from gairp.policies.training import check_costs, check_rows, observed_means
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, TrainingSet


class MixOnTrain(BasePolicy):
    """The training rows' best mix at a given cost, or a given share of their best arm.

    target_cost_usd: of all mixes whose mean cost on the training rows is at most this, in USD a
        request, the one of highest mean quality (the cheaper at a tie). It lies on the upper hull
        of the arms in the cost-quality plane: the "Zero router" of Hu et al. (2024, RouterBench).
    share: where there is no target: the arm of highest mean quality gets this probability, the
        cheapest arm the rest (the random router of Ong et al. 2024, RouteLLM).

    Renormalised over the candidates. Raises NotFittedError before `fit`, PolicyError where no
    candidate is in the mix.
    """

    def __init__(
        self,
        *,
        target_cost_usd: float | None = None,
        share: float = 0.5,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(utility=utility, name=name)
        if not 0 <= share <= 1:
            raise ConfigError(f"mix_on_train.share is {share}; give a number between 0 and 1")
        self.target_cost_usd = None if target_cost_usd is None else float(target_cost_usd)
        self.share = float(share)
        self._mix: dict[str, float] = {}

    def fit(self, train: TrainingSet, rng: np.random.Generator) -> None:
        """Choose the mix; `rng` is not used.

        Raises PriceError where an observed cell has no cost, PolicyError where no arm is as cheap
        as the target.
        """
        check_rows(train)
        check_costs(train)
        cost = observed_means(train.cost_usd, train.observed)
        quality = observed_means(train.score, train.observed)
        seen = np.flatnonzero(~np.isnan(cost))
        names = [train.arms[i] for i in seen]
        if self.target_cost_usd is None:
            self._mix = _ends(names, cost[seen], quality[seen], self.share)
        else:
            self._mix = _best_pair(names, cost[seen], quality[seen], self.target_cost_usd)

    @property
    def mix(self) -> dict[str, float]:
        """Arm -> probability; arms that are not in it have none."""
        return dict(self._mix)

    def _distribution(self, context: Context, rng: DecisionRng) -> tuple[Floats, Floats | None]:
        if not self._mix:
            raise NotFittedError(f"policy {self.name!r} must be fitted on train rows first")
        return mixed(self._mix, context), None

    def _state(self) -> State:
        return {"mix": self._mix}

    def _restore(self, state: State) -> None:
        self._mix = dict(state["mix"])


def _ends(names: list[str], cost: Floats, quality: Floats, share: float) -> dict[str, float]:
    best = min(range(len(names)), key=lambda i: (-quality[i], cost[i], names[i]))
    cheapest = min(range(len(names)), key=lambda i: (cost[i], -quality[i], names[i]))
    if best == cheapest:
        return {names[best]: 1.0}
    return {names[best]: share, names[cheapest]: 1.0 - share}


def _best_pair(names: list[str], cost: Floats, quality: Floats, target: float) -> dict[str, float]:
    """The best point of the hull at the target: at most two arms are ever needed."""
    found: list[tuple[float, float, dict[str, float]]] = [
        (-quality[i], cost[i], {names[i]: 1.0}) for i in range(len(names)) if cost[i] <= target
    ]
    if not found:
        cheapest = int(cost.argmin())
        raise PolicyError(
            f"no arm is as cheap as mix_on_train.target_cost_usd={target} on the training rows; "
            f"the cheapest is {names[cheapest]!r} at {cost[cheapest]:.6g} USD a request"
        )
    for i, j in np.argwhere((cost[:, None] <= target) & (cost[None, :] > target)):
        w = float((target - cost[i]) / (cost[j] - cost[i]))
        value = float((1 - w) * quality[i] + w * quality[j])
        found.append((-value, target, {names[i]: 1.0 - w, names[j]: w}))
    return min(found, key=lambda option: option[:2])[2]
