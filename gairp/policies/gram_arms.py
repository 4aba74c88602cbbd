"""One ridge regression an arm whose evidence can be taken back: discounted, or out of a window."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError
from gairp.policies.arms import ArmIndex
from gairp.policies.ridge_arms import check_width

Floats = NDArray[np.float64]


class GramArms(ABC):
    """θ_a = (w G_a + ridge I)^-1 w b_a, with G_a = Σ x x' and b_a = Σ r x of what still counts.

    w is a weight an arm, which only discounting uses. G is kept as its eigenvectors and -values:
    the inverse for any w is then exact, and costs no more than a product.
    """

    def __init__(self, ridge: float) -> None:
        self._ridge = ridge
        self._arms = ArmIndex()
        self._d = 0
        self._gram = np.empty((0, 0, 0))  # [k, d, d]
        self._moment = np.empty((0, 0))  # [k, d]
        self._basis = np.empty((0, 0, 0))  # [k, d, d], transposed eigenvectors
        self._values = np.empty((0, 0))  # [k, d]
        self._rotated = np.empty((0, 0))  # [k, d], the moments in their basis

    @abstractmethod
    def _weights(self) -> Floats:
        """How much each arm's evidence counts now, [k]."""

    @abstractmethod
    def update(self, arm: str, x: Floats, reward: float) -> None:
        """Take in one reward; O(d³)."""

    def predict(self, x: Floats, arms: tuple[str, ...]) -> tuple[Floats, Floats]:
        """Means θ_a·x and variances x' (w G_a + ridge I)^-1 x, [k] each, the caller's to change.

        An arm without evidence has mean 0 and variance x'x / ridge.
        """
        prior = float(x @ x) / self._ridge
        mean, variance = np.zeros(len(arms)), np.full(len(arms), prior)
        if not len(self._arms):
            return mean, variance
        check_width(self._d, x)
        w = self._weights()[:, None]
        z = self._basis @ x  # [k, d]
        shrunk = 1.0 / (w * self._values + self._ridge)
        means, variances = (
            (z * shrunk * w * self._rotated).sum(axis=1),
            (z * z * shrunk).sum(axis=1),
        )
        rows = self._arms.rows(arms)
        if rows is None:
            return means, variances
        seen = rows >= 0
        mean[seen], variance[seen] = means[rows[seen]], variances[rows[seen]]
        return mean, variance

    def forget(self, arm: str, *, kept: float = 0.0) -> None:
        """Keep this share of an arm's evidence."""
        row = self._arms.row(arm)
        if row is not None:
            self._gram[row] *= kept
            self._moment[row] *= kept
            self._settle(row)

    def adopt(self, arm: str, *, like: str | None, kept: float) -> None:
        """Give a new arm this share of another's evidence; None: of the mean of all."""
        if arm in self._arms or not len(self._arms):
            return
        source = None if like is None else self._arms.row(like)
        w = self._weights()
        rows = np.arange(len(w)) if source is None else np.array([source])
        gram = (w[rows, None, None] * self._gram[rows]).mean(axis=0)
        moment = (w[rows, None] * self._moment[rows]).mean(axis=0)
        row = self._row(arm, self._d)
        self._gram[row], self._moment[row] = kept * gram, kept * moment
        self._settle(row)

    def begin_at(self, arms: tuple[str, ...], precision: Floats, mean: Floats) -> None:
        """w G_a + ridge I = precision[a] [k, d, d] and θ_a = mean[a] [k, d], of new arms."""
        for arm, p, m in zip(arms, precision, mean, strict=True):
            row = self._row(arm, mean.shape[1])
            self._gram[row], self._moment[row] = p - self._ridge * np.eye(len(m)), p @ m
            self._settle(row)

    def _row(self, arm: str, d: int) -> int:
        row = self._arms.row(arm)
        return self._grow(arm, d) if row is None else row

    def _grow(self, arm: str, d: int) -> int:
        if not self._d:
            self._d = d
            self._gram, self._moment = np.empty((0, d, d)), np.empty((0, d))
            self._basis, self._values = np.empty((0, d, d)), np.empty((0, d))
            self._rotated = np.empty((0, d))
        self._gram = np.concatenate([self._gram, np.zeros((1, d, d))])
        self._moment = np.concatenate([self._moment, np.zeros((1, d))])
        self._basis = np.concatenate([self._basis, np.eye(d)[None]])
        self._values = np.concatenate([self._values, np.zeros((1, d))])
        self._rotated = np.concatenate([self._rotated, np.zeros((1, d))])
        return self._arms.add(arm)

    def _settle(self, row: int) -> None:
        values, vectors = np.linalg.eigh(self._gram[row])
        self._basis[row], self._values[row] = vectors.T, np.maximum(values, 0.0)
        self._rotated[row] = self._basis[row] @ self._moment[row]

    def state(self) -> dict[str, Any]:
        """What `restore` takes."""
        return {
            "arms": list(self._arms.names), "gram": self._gram, "moment": self._moment,
            "basis": self._basis, "values": self._values, "rotated": self._rotated,
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a saved state."""
        self._arms = ArmIndex(tuple(state["arms"]))
        self._gram, self._moment = state["gram"], state["moment"]
        self._basis, self._values = state["basis"], state["values"]
        self._rotated = state["rotated"]
        self._d = self._moment.shape[1]


class DiscountedArms(GramArms):
    """Evidence counts `discount` times as much with every reward that comes, of whatever arm.

    An arm that is not asked is so forgotten as well, and gets tried again: the discounted
    regression of D-LinUCB (Russac, Vernade, Cappé 2019, equation 3), one an arm.
    """

    def __init__(self, ridge: float, discount: float) -> None:
        super().__init__(ridge)
        self._discount = discount
        self._clock = 0
        self._touched = np.empty(0)  # [k], when an arm's sums were last brought up to date

    def _weights(self) -> Floats:
        return np.asarray(self._discount ** (self._clock - self._touched))

    def update(self, arm: str, x: Floats, reward: float) -> None:
        """Take in one reward; O(d³)."""
        if self._d:
            check_width(self._d, x)
        row = self._row(arm, len(x))
        self._clock += 1
        w = self._discount ** (self._clock - self._touched[row])
        self._gram[row] = w * self._gram[row] + np.outer(x, x)
        self._moment[row] = w * self._moment[row] + reward * x
        self._touched[row] = self._clock
        self._settle(row)

    def _grow(self, arm: str, d: int) -> int:
        self._touched = np.append(self._touched, float(self._clock))
        return super()._grow(arm, d)

    def state(self) -> dict[str, Any]:
        """With the clock."""
        return {**super().state(), "clock": self._clock, "touched": self._touched}

    def restore(self, state: Mapping[str, Any]) -> None:
        """With the clock."""
        super().restore(state)
        self._clock, self._touched = int(state["clock"]), state["touched"]


class WindowArms(GramArms):
    """The last `window` rewards count, of whatever arm (Cheung, Simchi-Levi, Zhu 2019)."""

    def __init__(self, ridge: float, window: int) -> None:
        super().__init__(ridge)
        self._window = window
        self._recent: deque[tuple[int, Floats, float]] = deque()

    def _weights(self) -> Floats:
        return np.ones(len(self._arms))

    def begin_at(self, arms: tuple[str, ...], precision: Floats, mean: Floats) -> None:
        """Refused: a prior is no reward, and would never leave the window."""
        raise ConfigError(
            "a policy that learns from a window of rewards takes no prior; give warm_start a "
            "discounted one, such as gairp.policies.discounted_linucb.DiscountedLinUCB"
        )

    def update(self, arm: str, x: Floats, reward: float) -> None:
        """Take in one reward, and let the oldest go; O(d³)."""
        if self._d:
            check_width(self._d, x)
        row = self._row(arm, len(x))
        self._recent.append((row, x.copy(), reward))
        touched = {row}
        if len(self._recent) > self._window:
            touched.add(self._recent.popleft()[0])
        # Summed anew: taking the oldest away from the sums would leave its rounding behind.
        for one in touched:
            self._sum(one)

    def _sum(self, row: int) -> None:
        own = [(x, r) for at, x, r in self._recent if at == row]
        xs = np.array([x for x, _ in own]).reshape(len(own), self._d)
        self._gram[row] = xs.T @ xs
        self._moment[row] = xs.T @ np.array([r for _, r in own])
        self._settle(row)

    def forget(self, arm: str, *, kept: float = 0.0) -> None:
        """The newest share of an arm's evidence is what is kept."""
        row = self._arms.row(arm)
        own = [one for one in self._recent if one[0] == row]
        gone = {id(one) for one in own[: len(own) - round(kept * len(own))]}
        self._recent = deque(one for one in self._recent if id(one) not in gone)
        if row is not None:
            self._sum(row)

    def adopt(self, arm: str, *, like: str | None, kept: float) -> None:
        """The newest share of the other's rewards, as if the new arm had earned them."""
        if arm in self._arms or not self._recent:
            return
        source = None if like is None else self._arms.row(like)
        own = [one for one in self._recent if source is None or one[0] == source]
        count = round(kept * len(own) / (1 if source is not None else len(self._arms)))
        row = self._row(arm, self._d)
        self._recent.extend((row, x, r) for _, x, r in (own[-count:] if count else []))
        while len(self._recent) > self._window:
            self._recent.popleft()
        for one in range(len(self._arms)):
            self._sum(one)

    def state(self) -> dict[str, Any]:
        """With the rewards."""
        return {
            **super().state(),
            "rows": [row for row, _, _ in self._recent],
            "features": np.array([x for _, x, _ in self._recent]).reshape(-1, self._d or 1),
            "rewards": np.array([r for _, _, r in self._recent]),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """With the rewards."""
        super().restore(state)
        rows, rewards = state["rows"], state["rewards"].tolist()
        self._recent = deque(zip(map(int, rows), state["features"], rewards, strict=True))
