"""What the scores of some answers say of how good all arms are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from gairp.policies.ridge import fit_ridge

Floats = NDArray[np.float64]

_JITTER = 1e-4  # variance of a score, so that one that says nothing new is not inverted
_NODES = 16  # of the distribution of a score


@dataclass(frozen=True, slots=True)
class Means:
    """Ridge regressions on the prompt's features."""

    theta: Floats  #: [m, d]
    bias: Floats  #: [m]

    @classmethod
    def fit(cls, x: Floats, targets: Floats, ridge: float | None) -> Self:
        """x [n, d], targets [n, m] with NaN for the unknown; a target without any is 0."""
        known = ~np.isnan(targets)
        none = ~known.any(axis=0)
        theta, bias, _ = fit_ridge(
            x, np.where(none, 0.0, targets), known | none, penalty=ridge, intercept=True
        )
        return cls(theta, bias)

    def __call__(self, x: Floats) -> Floats:
        """[..., m] of x [..., d]."""
        return np.asarray(x @ self.theta.T + self.bias)


@dataclass(frozen=True, slots=True)
class Posterior:
    """Quality q [k] and score s [k] of k arms' answers, jointly given the prompt.

    The deviations from their means have one covariance for all prompts, and quality given some
    scores is the best linear prediction: E[q | s_A] = mean(q) + C_qA C_AA⁻¹ (s_A - mean(s_A)).
    """

    covariance: Floats  #: [2k, 2k], of qualities, then of scores
    nodes: Floats  #: [k, nodes], of equal weight: how an arm's score deviates from its mean

    @classmethod
    def of(cls, off: Floats) -> Self:
        """off [n, 2k]: deviations on rows that neither scorer nor means were fitted on.

        On rows that they were, means would be too near, and scores of another fit too far: the two
        would seem to go against each other. Unknown deviations are NaN; an arm whose scores all
        are is one whose answers tell nothing.
        """
        known = ~np.isnan(off)
        filled = np.where(known, off, 0.0)
        pairs = known.T.astype(np.float64) @ known
        covariance = _positive(filled.T @ filled / np.maximum(pairs, 1.0))
        at = (np.arange(_NODES) + 0.5) / _NODES
        scores = [column[~np.isnan(column)] for column in off.T[off.shape[1] // 2 :]]
        nodes = [np.quantile(one, at) if len(one) else np.zeros(_NODES) for one in scores]
        return cls(covariance, np.array(nodes))

    def given(
        self, means: Floats, asked: Sequence[int], scores: Sequence[float]
    ) -> tuple[Floats, Floats]:
        """Means [2k] and covariance [2k, 2k] once these arms' answers have these scores."""
        k = len(means) // 2
        known = [(k + a, s) for a, s in zip(asked, scores, strict=True) if s == s]
        if not known:
            return means, self.covariance
        at = [column for column, _ in known]
        inner = self.covariance[np.ix_(at, at)] + _JITTER * np.eye(len(at))
        gain = np.linalg.solve(inner, self.covariance[at]).T  # [2k, asked]
        off = np.array([s for _, s in known]) - means[at]
        return means + gain @ off, self.covariance - gain @ self.covariance[at]

    def next_scores(self, covariance: Floats, arms: Sequence[int]) -> tuple[Floats, Floats]:
        """What the score of one of these arms [m] may still tell.

        Slopes [m, m]: by how much the quality of each (column) moves with the score of each (row).
        Nodes [m, nodes] of how that score may come out beside its mean, as spread as it is by now.
        """
        k = len(self.nodes)
        at = [k + arm for arm in arms]
        now = np.maximum(covariance[at, at], 0.0)
        prior = np.maximum(self.covariance[at, at], 1e-300)
        slopes = covariance[np.ix_(at, list(arms))] / (now + _JITTER)[:, None]
        return slopes, self.nodes[list(arms)] * np.sqrt(now / prior)[:, None]

    def state(self) -> dict[str, Any]:
        """What `restored` takes."""
        return {"covariance": self.covariance, "nodes": self.nodes}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Self:
        """Take up a saved state."""
        return cls(state["covariance"], state["nodes"])


def _positive(covariance: Floats) -> Floats:
    """The nearest positive semidefinite matrix: pairs may be of different rows."""
    values, vectors = np.linalg.eigh(0.5 * (covariance + covariance.T))
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T)
