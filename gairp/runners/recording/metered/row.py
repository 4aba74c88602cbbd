"""One row of the recording: ask, grade, and take the signals that cascades need."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

from gairp.backends.chat import Chat
from gairp.backends.recipe import Answer, total
from gairp.rewards.graders import TextGrader, get_grader
from gairp.runners.recording.agreement import share_of
from gairp.runners.recording.metered.arm import RecordedArm
from gairp.traces.tasks import Task

Row = dict[str, Any]
_HOUR_S = 3600.0


def measure(
    chat: Chat, arm: RecordedArm, task: Task, *, usd_per_core_hour: float, temperature: float,
    seed: int,
) -> Row:  # fmt: skip
    """Answer, agreement and self-verification of one (prompt, arm) pair; times in seconds."""
    load = os.getloadavg()[0]
    grader = get_grader(task.grader)
    answer = arm.recipe.answer(chat, task)
    row = _own(answer, grader, task)
    # The opinion comes right after the answer, while the server still holds its prefix.
    row |= _verification(chat, arm, answer)
    row |= _agreement(chat, arm, task, str(row["extracted"]), temperature=temperature, seed=seed)
    for prefix in ("", "agreement_", "verify_"):
        row[f"{prefix}cost_usd"] = row[f"{prefix}compute_s"] * usd_per_core_hour / _HOUR_S
    return row | {"load_average": load}


def _own(answer: Answer, grader: TextGrader, task: Task) -> Row:
    logprobs = answer.calls[-1].logprobs
    return {
        "response": answer.text,
        "final": answer.final,
        "extracted": grader.extract(answer.final),
        "score": grader.score(answer.final, task.answer),
        "ttft_s": answer.ttft_s,
        "latency_s": total(answer.calls, "latency_s"),
        "finish_reason": answer.calls[-1].finish_reason,
        "logprob_mean": math.fsum(logprobs) / len(logprobs) if logprobs else None,
        "logprob_min": min(logprobs, default=None),
        **_usage("", answer.calls),
    }


def _agreement(
    chat: Chat, arm: RecordedArm, task: Task, own: str, *, temperature: float, seed: int
) -> Row:
    finals, calls = arm.recipe.sample(
        chat, task, count=arm.samples, temperature=temperature, seed=seed
    )
    grader = get_grader(task.grader)
    sampled = [grader.extract(final) for final in finals]
    return {
        "agreement": share_of(own, sampled),
        "agreement_k": len(sampled),
        "agreement_answers": sampled,
        **_usage("agreement_", calls),
    }


def _verification(chat: Chat, arm: RecordedArm, answer: Answer) -> Row:
    reply = arm.recipe.verify(chat, answer)
    yes = yes_probability(reply.first_token)
    return {
        "verify_p_yes": yes,
        "verify_vote": None if yes is None else float(yes > 0.5),
        **_usage("verify_", [reply]),
    }


def _usage(prefix: str, calls: Any) -> Row:
    names = ("input_tokens", "output_tokens", "cached_tokens")
    row: Row = {f"{prefix}{name}": int(total(calls, name)) for name in names}
    return row | {f"{prefix}compute_s": total(calls, "compute_s")}


def yes_probability(first_token: Mapping[str, float]) -> float | None:
    """P(yes) / (P(yes) + P(no)) of the first token, or None where neither is a candidate."""
    mass = {"yes": 0.0, "no": 0.0}
    for token, logprob in first_token.items():
        word = token.strip(" .,!\n").casefold()
        if word in mass:
            mass[word] += math.exp(logprob)
    both = mass["yes"] + mass["no"]
    return mass["yes"] / both if both > 0.0 else None
