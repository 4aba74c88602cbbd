"""One judge over all answers: what is missing is asked and kept at once."""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections.abc import Sequence
from typing import Any

from gairp.errors import BackendError
from gairp.records.row_journal import Journal
from gairp.rewards.graders import Grade
from gairp.rewards.judges import PointwiseJudge
from gairp.runners.judge_agreement.answers import Answer
from gairp.runners.judge_agreement.progress import Progress
from gairp.types import Response

Row = dict[str, Any]
#: So many failed calls in a row mean that the judge is gone.
PATIENCE = 5


async def ask(judge: PointwiseJudge, answers: Sequence[Answer], journal: Journal) -> None:
    """Judge what the journal lacks, and once more what failed; then close the judge.

    A row is on disk before the next answer is asked about. Raises ConfigError where the journal
    holds rows of other settings, BackendError after five failures in a row.
    """
    try:
        missing = [answer for answer in answers if _due(judge, answer, journal)]
        progress = Progress(total=len(missing), out=sys.stderr)
        failures = 0
        for answer in missing:
            response = Response(model=answer.model, content=answer.text)
            grade = await judge.grade(answer.question, response)
            journal.append(_row(judge, answer, grade))
            progress.step()
            failures = failures + 1 if grade.status == "failed" else 0
            if failures == PATIENCE:
                raise BackendError(
                    f"the judge {judge.arm.name!r} failed {PATIENCE} times in a row, last with: "
                    f"{grade.reason}; mend that and run again, it goes on where it stopped"
                )
    finally:
        await judge.aclose()


def fingerprint(judge: PointwiseJudge, answer: Answer) -> str:
    """What a verdict depends on: a row with another one is not this judge's."""
    question = [answer.question.prompt, answer.question.answer, answer.text]
    text = json.dumps([judge.describe(), question], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def _due(judge: PointwiseJudge, answer: Answer, journal: Journal) -> bool:
    key = (answer.question.id, answer.model)
    known = journal.has(*key, fingerprint(judge, answer))
    return not known or journal.rows[key]["status"] == "failed"


def _row(judge: PointwiseJudge, answer: Answer, grade: Grade) -> Row:
    responses = [call.response for call in grade.calls]
    return {
        "prompt_id": answer.question.id,
        "model": answer.model,
        "settings": fingerprint(judge, answer),
        "quality": _known(grade.quality),
        "status": grade.status,
        "verdict": grade.extracted,
        "reply": grade.reason,
        "parse_failures": grade.parse_failures,
        "calls": len(grade.calls),
        "cost_usd": _known(grade.cost_usd),
        "seconds": _known(math.fsum(response.latency_s for response in responses)),
        "input_tokens": _known(math.fsum(r.usage.input_tokens for r in responses)),
        "cached_tokens": _known(math.fsum(r.usage.cached_tokens for r in responses)),
        "output_tokens": _known(math.fsum(r.usage.output_tokens for r in responses)),
    }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
