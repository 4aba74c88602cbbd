"""A full-information table, and policies on it whose value is known exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError
from gairp.traces.trace import Trace
from gairp.types import Floats

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class World:
    """Scores of k arms on P prompts of C categories; a policy is its probabilities [C, k]."""

    scores: Floats  #: [P, k]
    categories: Ints  #: [P], in [0, C)
    arms: tuple[str, ...]

    @classmethod
    def of(cls, trace: Trace) -> World:
        """The pool's prompts; all of them answered by every arm."""
        names = ["" if one is None else str(one) for one in trace.categories]
        return cls(trace.score, np.unique(names, return_inverse=True)[1], trace.arms)

    @property
    def means(self) -> Floats:
        """[C, k]: mean score by category and arm."""
        sums = np.zeros((int(self.categories.max()) + 1, len(self.arms)))
        np.add.at(sums, self.categories, self.scores)
        return np.asarray(sums / np.bincount(self.categories)[:, None])

    def value(self, policy: Floats) -> float:
        """The policy's mean score over all prompts: the truth."""
        return float((policy[self.categories] * self.scores).sum(axis=1).mean())

    # -- policies -------------------------------------------------------------------------

    def uniform(self) -> Floats:
        """Every arm alike."""
        return np.full_like(self.means, 1.0 / len(self.arms))

    def favourite(self, share: float) -> Floats:
        """`share` of the requests to the best single arm, the rest spread over all."""
        chosen = np.zeros_like(self.means)
        chosen[:, int(self.scores.mean(axis=0).argmax())] = 1.0
        return share * chosen + (1.0 - share) * self.uniform()

    def by_category(self, temperature: float) -> Floats:
        """A softmax of the category's mean scores."""
        logits = self.means / temperature
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def at_value(self, value: float, low: Floats, high: Floats) -> Floats:
        """The mixture of two policies that is worth exactly `value`; ConfigError outside them."""
        worst, best = self.value(low), self.value(high)
        if not worst <= value <= best:
            raise ConfigError(
                f"no mixture of these policies is worth {value:.4f}; they are worth {worst:.4f} "
                f"and {best:.4f}"
            )
        share = (value - worst) / (best - worst)
        return (1.0 - share) * low + share * high
