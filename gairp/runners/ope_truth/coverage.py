"""Do intervals hold the truth as often as they say?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gairp.ope.bernstein import empirical_bernstein
from gairp.ope.bootstrap import bootstrap, percentiles
from gairp.ope.catalogue import all_estimators
from gairp.ope.cross_fit import RidgeModel, cross_fitted
from gairp.ope.diagnosis import diagnose
from gairp.ope.estimator import Estimator
from gairp.ope.logged import Logged
from gairp.ope.plug_in import plug_in_sequence
from gairp.ope.refusal import Floor
from gairp.ope.sequence import ips_sequence
from gairp.runners.ope_truth.loggers import Logger, Streams
from gairp.runners.ope_truth.world import World
from gairp.types import Floats

#: Intervals that are not of the bootstrap; all around IPS.
OTHERS = ("ips: empirical Bernstein", "ips: confidence sequence", "ips: plug-in sequence")


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """Replications of one logger and one target."""

    world: World
    logger: Logger
    target: Floats  #: [C, k]
    n: int
    max_weight: float  #: declared, for empirical Bernstein
    draws: int
    alpha: float = 0.05

    @property
    def names(self) -> tuple[str, ...]:
        """What the columns of `run` are."""
        return (*(one.name for one in estimators()), *OTHERS)

    def run(self, replications: int, rng: np.random.Generator) -> Floats:
        """[replications, len(names), 4]: estimate, low, high, 1 where the floor refuses the log."""
        streams = self.logger.draw(self.world, replications, self.n, rng, keep=True)
        return np.stack([self._one(streams, i, rng) for i in range(replications)])

    def _one(self, streams: Streams, i: int, rng: np.random.Generator) -> Floats:
        log = self.logged(streams, i, rng)
        refused = float(bool(Floor().reasons(diagnose(log))))
        chosen = estimators()
        ends = percentiles(bootstrap(log, chosen, rng=rng, draws=self.draws), alpha=self.alpha)
        points = [one.point(log) for one in chosen]
        rows = [[p, low, high] for p, (low, high) in zip(points, ends.tolist(), strict=True)]
        rows += [[points[0], low, high] for low, high in self._others(log)]
        return np.column_stack([np.array(rows), np.full(len(rows), refused)])

    def _others(self, log: Logged) -> list[tuple[float, float]]:
        w, r, alpha = log.weights, log.reward, self.alpha
        plug_in = plug_in_sequence(w, r, alpha=alpha)
        sequence = ips_sequence(w, r, alpha=alpha)
        return [
            empirical_bernstein(w * r, low=0.0, high=self.max_weight, alpha=alpha),
            (float(sequence[0][-1]), float(sequence[1][-1])),
            (float(plug_in[0][-1]), float(plug_in[1][-1])),
        ]

    def logged(self, streams: Streams, i: int, rng: np.random.Generator) -> Logged:
        """One stream as an off-policy problem, with a reward model of category and arm."""
        kinds, k = streams.categories[i], len(self.world.arms)
        x = np.eye(int(self.world.categories.max()) + 1)[kinds]
        fit = RidgeModel(k=k)
        assert streams.logging is not None
        return Logged(
            rewards=streams.rewards[i],
            actions=streams.actions[i],
            propensities=streams.propensities[i],
            target=self.target[kinds],
            q_hat=cross_fitted(x, streams.actions[i], streams.rewards[i], fit=fit, rng=rng),
            logging=streams.logging[i],
        )


def estimators() -> tuple[Estimator, ...]:
    """All that need no groups of arms."""
    return tuple(one for one in all_estimators() if not one.needs_groups)
