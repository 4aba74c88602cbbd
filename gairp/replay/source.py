"""Where a replay's requests come from: arrays in memory, in an order of the seed's choosing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from gairp.backends.recorded import RecordedPrompt
from gairp.errors import UnknownNameError
from gairp.types import Floats


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """Outcomes and features of n prompts on k arms; tables are [n, k], None where unrecorded."""

    arms: tuple[str, ...]
    prompt_ids: tuple[str, ...]
    features: Floats  #: [n, d]
    quality: Floats
    cost_usd: Floats | None = None
    latency_s: Floats | None = None
    first_token_s: Floats | None = None
    input_tokens: Floats | None = None
    output_tokens: Floats | None = None
    signals: Mapping[str, Floats] = {}

    def known_signals(self) -> dict[str, Floats]:
        """The signals, and what every answer brings: `output_tokens`."""
        told = {} if self.output_tokens is None else {"output_tokens": self.output_tokens}
        return {**told, **self.signals}

    def of_arms(self, arms: Sequence[str]) -> Outcomes:
        """The table of these arms, in this order; UnknownNameError for one that is not there."""
        for arm in arms:
            if arm not in self.arms:
                raise UnknownNameError("arm", arm, self.arms)
        columns = [self.arms.index(arm) for arm in arms]
        tables = {
            name: None if values is None else values[:, columns]
            for name in ("quality", "cost_usd", "latency_s", "first_token_s", "input_tokens",
                         "output_tokens")
            for values in (getattr(self, name),)
        }  # fmt: skip
        signals = {name: values[:, columns] for name, values in self.signals.items()}
        return msgspec.structs.replace(self, arms=tuple(arms), signals=signals, **tables)

    def prompts(self, order: Sequence[int] | NDArray[np.int64]) -> Iterator[RecordedPrompt]:
        """The prompts at these positions, in this order, one at a time."""

        def row(table: Floats | None, i: int) -> Floats | None:
            return None if table is None else table[i]

        for i in map(int, order):
            yield RecordedPrompt(
                row=i,
                request_id=self.prompt_ids[i],
                features=self.features[i],
                quality=self.quality[i],
                cost_usd=row(self.cost_usd, i),
                latency_s=row(self.latency_s, i),
                first_token_s=row(self.first_token_s, i),
                input_tokens=row(self.input_tokens, i),
                output_tokens=row(self.output_tokens, i),
                signals={name: table[i] for name, table in self.signals.items()},
            )


def shuffled(rows: NDArray[np.int64], seed: int, phase: int = 0) -> NDArray[np.int64]:
    """These rows in the order of a seed; the same seed and phase give the same order."""
    return np.random.default_rng([seed, phase]).permutation(rows)
