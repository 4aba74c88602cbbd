"""A recorded trace: prompts that several models really answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from gairp.errors import UnknownNameError

Floats = NDArray[np.float64]

#: Per (prompt, arm) quantities beside the score; each is float64 [n, k] or absent as a whole.
QUANTITIES = ("input_tokens", "output_tokens", "cost_usd", "ttft_s", "latency_s")


@dataclass(frozen=True, slots=True)
class Trace:
    """Full-information outcomes of `n` prompts on `k` arms.

    A pair that was not recorded is NaN in `score` and in every quantity. A quantity that the
    source lacks altogether is absent from `quantities`, never zero; one that it lacks for an arm
    is NaN in that arm's whole column (`arms_without`).
    """

    name: str
    arms: tuple[str, ...]  #: k arm names
    prompt_ids: tuple[str, ...]  #: n unique ids
    prompts: tuple[str, ...]  #: n texts; empty where the source has none
    categories: tuple[str, ...]  #: n task or subject names; "" where the source has none
    score: Floats  #: [n, k], quality in [0, 1]
    quantities: Mapping[str, Floats]  #: subset of QUANTITIES: tokens, USD, seconds; each [n, k]
    groups: NDArray[np.int64]  #: [n], equal for near-duplicate prompts
    splits: tuple[str, ...] | None = None  #: the source's own split of each prompt
    signals: Mapping[str, Floats] = field(default_factory=dict)  #: cascade signals, each [n, k]
    notes: tuple[str, ...] = ()  #: declared assumptions, e.g. "assumed: output_tokens = 256"

    def __len__(self) -> int:
        return len(self.prompt_ids)

    def has(self, quantity: str) -> bool:
        """Whether the source records `quantity`."""
        return quantity in self.quantities

    def arms_without(self, quantity: str) -> tuple[str, ...]:
        """The arms for which the source does not record `quantity`, in order."""
        if quantity not in self.quantities:
            return self.arms
        columns = zip(self.arms, self.quantities[quantity].T, strict=True)
        return tuple(arm for arm, column in columns if np.isnan(column).all())

    def take(self, rows: NDArray[np.int64] | Sequence[int]) -> Trace:
        """The trace of these rows, in this order."""
        index = np.asarray(rows, dtype=np.int64)

        def pick(values: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(values[i] for i in index)

        return replace(
            self,
            prompt_ids=pick(self.prompt_ids),
            prompts=pick(self.prompts),
            categories=pick(self.categories),
            score=self.score[index],
            quantities={name: table[index] for name, table in self.quantities.items()},
            groups=self.groups[index],
            splits=None if self.splits is None else pick(self.splits),
            signals={name: table[index] for name, table in self.signals.items()},
        )

    def pool(self, arms: Sequence[str]) -> Trace:
        """The trace restricted to these arms, in this order.

        A quantity that none of them has is absent from the result.
        Raises UnknownNameError for an arm that the trace does not have.
        """
        for arm in arms:
            if arm not in self.arms:
                raise UnknownNameError(f"arm of trace {self.name!r}", arm, self.arms)
        columns = [self.arms.index(arm) for arm in arms]
        quantities = {name: table[:, columns] for name, table in self.quantities.items()}
        return replace(
            self,
            arms=tuple(arms),
            score=self.score[:, columns],
            quantities={
                name: table for name, table in quantities.items() if not np.isnan(table).all()
            },
            signals={name: table[:, columns] for name, table in self.signals.items()},
        )

    def complete_rows(self) -> NDArray[np.int64]:
        """Rows whose every (prompt, arm) pair was recorded, ascending."""
        return np.flatnonzero(~np.isnan(self.score).any(axis=1))

    def __iter__(self) -> Iterator[TraceRow]:
        quantities, signals = self.quantities, self.signals
        for i, prompt_id in enumerate(self.prompt_ids):
            yield TraceRow(
                prompt_id=prompt_id,
                prompt=self.prompts[i],
                category=self.categories[i],
                score=self.score[i],
                quantities={name: table[i] for name, table in quantities.items()},
                signals={name: table[i] for name, table in signals.items()},
                split=None if self.splits is None else self.splits[i],
            )


@dataclass(frozen=True, slots=True)
class TraceRow:
    """One prompt of a trace: what every arm did with it."""

    prompt_id: str
    prompt: str
    category: str
    score: Floats  #: [k]
    quantities: Mapping[str, Floats]  #: each [k]
    signals: Mapping[str, Floats] = field(default_factory=dict)  #: each [k]
    split: str | None = None  #: the source's own split
