"""A replay's requests from a trace that need not fit in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from gairp.backends.recorded import RecordedPrompt
from gairp.features import FeatureBuilder
from gairp.traces.trace import TraceRow


def streamed(
    rows: Iterable[TraceRow], builder: FeatureBuilder, *, batch: int = 256
) -> Iterator[RecordedPrompt]:
    """Rows of `stream_rows` as prompts, their features built `batch` rows at a time.

    `builder` is fitted already. Rows are numbered in the order in which they come, which is also
    the order of the replay: a stream cannot be shuffled.
    """
    source = iter(rows)
    number = 0
    while ahead := list(islice(source, batch)):
        features = builder.transform(
            [row.prompt for row in ahead], categories=[row.category for row in ahead]
        )
        for row, vector in zip(ahead, features, strict=True):
            quantities = row.quantities
            yield RecordedPrompt(
                row=number,
                request_id=row.prompt_id,
                features=vector,
                quality=row.score,
                cost_usd=quantities.get("cost_usd"),
                latency_s=quantities.get("latency_s"),
                first_token_s=quantities.get("ttft_s"),
                input_tokens=quantities.get("input_tokens"),
                output_tokens=quantities.get("output_tokens"),
            )
            number += 1
