"""Charging a decision for what its candidates would use up."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from gairp.policies.base import best, draw, one_hot
from gairp.rng import DecisionRng
from gairp.types import Context, Decision

Floats = NDArray[np.float64]


def priced(
    inner: Decision, charge: Floats, context: Context, rng: DecisionRng, *, takes_best: bool
) -> Decision:
    """The decision that the inner policy takes where each candidate is charged, charge [k].

    One that took its highest score takes the highest of score - charge. One that drew from
    probabilities p draws anew from p' ∝ p exp(-charge), the entropy-regularised optimum (mirror
    descent's step from p): a certain choice without scores stays as it is. Scores stay the inner
    policy's.
    """
    if not charge.any():
        return inner
    if takes_best and inner.scores is not None:
        index = best(np.asarray(inner.scores) - charge, context)
        probabilities = one_hot(len(charge), index)
    else:
        p = tilted(np.asarray(inner.probabilities), charge)
        index, probabilities = draw(p, rng.random()), tuple(p.tolist())
    return msgspec.structs.replace(
        inner,
        arm=context.candidates[index],
        propensity=probabilities[index],
        probabilities=probabilities,
    )


def tilted(p: Floats, charge: Floats) -> Floats:
    """p exp(-charge), renormalised; along the last axis."""
    with np.errstate(divide="ignore"):
        logits = np.log(p) - charge
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
