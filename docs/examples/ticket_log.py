"""A log of one's own, turned into the two tables of an outcomes dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gairp.traces.converters.original import field, read_jsonl

if TYPE_CHECKING:
    import pandas as pd

LOG = "log/answers.jsonl"


def convert(folder: Path) -> dict[str, pd.DataFrame]:
    """Tables outcomes (a row a ticket and model) and prompts (a row a ticket).

    Grades are 0 to 10 in the log and become scores in [0, 1].
    """
    import pandas as pd

    outcomes, prompts = [], []
    for number, row in enumerate(read_jsonl(folder, LOG), start=1):
        ticket = field(row, "ticket", file=LOG, number=number)
        prompts.append({"prompt_id": ticket, "prompt": row["question"], "category": row["product"]})
        for model, answer in field(row, "answers", file=LOG, number=number).items():
            outcomes.append(
                {
                    "prompt_id": ticket,
                    "model": model,
                    "score": answer["grade"] / 10,
                    "cost_usd": answer["usd"],
                    "latency_s": answer["seconds"],
                }
            )
    return {"outcomes": pd.DataFrame(outcomes), "prompts": pd.DataFrame(prompts)}
