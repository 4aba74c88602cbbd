"""New grades less recorded ones, in an order that no outcome has chosen."""

from __future__ import annotations

from gairp.runners.recording.plan import Plan
from gairp.runners.recording.recorded import Recorded
from gairp.runners.recording.reference import Reference


def differences(
    plan: Plan, recorded: Recorded, reference: Reference, *, done: int | None = None
) -> dict[str, list[float]]:
    """By arm, process after process, each in the order of the plan.

    Grades come in as calls end, and a quick answer is more often a right one, or a wrong one: in
    that order a test that is looked at meanwhile would be misled. `done`: of what this process
    grades, only the first so many questions, which have all been dealt with. What fails is left
    out, and what a later process asks again follows, so that a longer record only adds.
    """
    found: dict[str, list[tuple[int, int, float]]] = {arm: [] for arm in plan.arms}
    for place, question in enumerate(plan.questions):
        for pair in plan.answers(question):
            quality, then = recorded.quality(pair), reference.score(question.id, pair.arm)
            if quality is None or then is None:
                continue
            process = recorded.graded_in[recorded.grade_id(pair)]
            if done is None or place < done or process < recorded.processes:
                found[pair.arm].append((process, place, quality - then))
    return {arm: [step for _, _, step in sorted(steps)] for arm, steps in found.items()}
