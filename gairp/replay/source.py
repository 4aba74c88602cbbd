"""Where a replay's requests come from: arrays in memory, in an order of the seed's choosing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from gairp.backends.recorded import RecordedPrompt
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
            )


def shuffled(rows: NDArray[np.int64], seed: int, phase: int = 0) -> NDArray[np.int64]:
    """These rows in the order of a seed; the same seed and phase give the same order."""
    return np.random.default_rng([seed, phase]).permutation(rows)
