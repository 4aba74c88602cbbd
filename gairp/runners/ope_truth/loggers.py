"""Masks: which arm of the table is seen, and how likely that was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gairp.runners.ope_truth.world import Ints, World
from gairp.types import Floats


@dataclass(frozen=True, slots=True)
class Streams:
    """S bandit logs of n rows; prompts are drawn with replacement."""

    categories: Ints  #: [S, n]
    actions: Ints  #: [S, n]
    propensities: Floats  #: [S, n]
    rewards: Floats  #: [S, n]
    logging: Floats | None = None  #: [S, n, k], where it was kept

    def weights(self, policy: Floats) -> Floats:
        """[S, n]: π(a|x) / μ(a|x) of a policy [C, k]."""
        return np.asarray(policy[self.categories, self.actions] / self.propensities)


class Logger(Protocol):
    """Draws logs from a world."""

    def draw(
        self, world: World, streams: int, n: int, rng: np.random.Generator, *, keep: bool = False
    ) -> Streams:
        """`keep` keeps all probabilities, [S, n, k]."""


class Static:
    """The same probabilities for ever."""

    def __init__(self, policy: Floats) -> None:
        self.policy = policy

    def draw(
        self, world: World, streams: int, n: int, rng: np.random.Generator, *, keep: bool = False
    ) -> Streams:
        """All rows at once."""
        rows = rng.integers(len(world.scores), size=(streams, n))
        kinds = world.categories[rows]
        actions = _drawn(self.policy.cumsum(axis=1)[kinds], rng)
        return Streams(
            categories=kinds,
            actions=actions,
            propensities=self.policy[kinds, actions],
            rewards=world.scores[rows, actions],
            logging=self.policy[kinds] if keep else None,
        )


class Adaptive:
    """ε-greedy by category on what it has seen, learning after every `block` requests."""

    def __init__(self, *, epsilon: float, block: int = 100) -> None:
        self.epsilon, self.block = epsilon, block

    def draw(
        self, world: World, streams: int, n: int, rng: np.random.Generator, *, keep: bool = False
    ) -> Streams:
        """Block by block, all streams side by side."""
        k, every = len(world.arms), np.arange(streams)[:, None]
        shape = (streams, int(world.categories.max()) + 1, k)
        earned, asked = np.full(shape, 0.5), np.ones(shape)
        parts = []
        for start in range(0, n, self.block):
            size = min(self.block, n - start)
            rows = rng.integers(len(world.scores), size=(streams, size))
            kinds = world.categories[rows]
            best = (earned / asked).argmax(axis=2)[every, kinds]
            p = np.full((streams, size, k), self.epsilon / k)
            np.put_along_axis(p, best[..., None], 1.0 - self.epsilon + self.epsilon / k, axis=2)
            actions = _drawn(p.cumsum(axis=2), rng)
            rewards = world.scores[rows, actions]
            np.add.at(earned, (every, kinds, actions), rewards)
            np.add.at(asked, (every, kinds, actions), 1.0)
            chosen = np.take_along_axis(p, actions[..., None], axis=2)[..., 0]
            parts.append((kinds, actions, chosen, rewards, p if keep else chosen[..., :0]))
        kinds, actions, chosen, rewards, p = (
            np.concatenate(part, axis=1) for part in zip(*parts, strict=True)
        )
        return Streams(kinds, actions, chosen, rewards, p if keep else None)


def _drawn(cumulated: Floats, rng: np.random.Generator) -> Ints:
    """[...]: the arm that a uniform number falls on, from cumulated probabilities [..., k]."""
    u = rng.random(cumulated.shape[:-1])[..., None]
    return np.asarray((u > cumulated[..., :-1]).sum(axis=-1), dtype=np.int64)
