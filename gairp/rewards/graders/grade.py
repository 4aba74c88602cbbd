"""What is graded, and what a grade says beyond its number."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from gairp.types import Arm, Response

Status = Literal["graded", "no_answer", "unparsed", "failed"]


class Question(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What was asked, as far as a grader needs it.

    `answer` is what its grader compares with: the right answer, a pattern, a JSON schema, test
    code or a reference text; None where there is none. `grader` is the grader that the dataset
    names for this question, such as `number`.
    """

    id: str
    prompt: str
    answer: str | None = None
    grader: str = ""


class GraderCall(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One call of a model that a grade took: to be billed to the run."""

    arm: Arm
    response: Response
    cost_usd: float = math.nan  #: as the judge's `price` said; NaN where it has none
    vote: float = math.nan  #: quality that this verdict means; NaN where it could not be read


class Grade(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How good an answer is, in [0, 1], and how that is known.

    | status | quality | what happened |
    |---|---|---|
    | `graded` | in [0, 1] | the answer was compared |
    | `no_answer` | 0 | nothing in the response has the form of an answer: the model's own fault |
    | `unparsed` | NaN | a judge answered, but its verdict could not be read |
    | `failed` | NaN | the response had an error, or the grader's own call or process failed |

    NaN is unknown: to be counted and reported, never to be learned from as 0. Raises ValueError
    for a quality that does not go with the status.
    """

    quality: float
    status: Status = "graded"
    extracted: str = ""  #: the answer in normal form, or the verdict; equal ones agree
    reason: str = ""  #: why, for a reader of the log
    calls: tuple[GraderCall, ...] = ()

    def __post_init__(self) -> None:
        fits = {
            "graded": 0.0 <= self.quality <= 1.0,
            "no_answer": self.quality == 0.0,
            "unparsed": math.isnan(self.quality),
            "failed": math.isnan(self.quality),
        }
        if not fits[self.status]:
            raise ValueError(
                f"a grade with status {self.status!r} has quality {self.quality}; give [0, 1] for "
                "'graded', 0 for 'no_answer' and NaN for 'unparsed' and 'failed'"
            )

    @property
    def known(self) -> bool:
        """Whether the quality is a number."""
        return not math.isnan(self.quality)

    @property
    def parse_failed(self) -> bool:
        """Whether a judge answered, and no verdict could be read."""
        return self.status == "unparsed"

    @property
    def parse_failures(self) -> int:
        """Calls that were answered and whose verdict could not be read, of however many."""
        return sum(math.isnan(call.vote) and call.response.error is None for call in self.calls)

    @property
    def cost_usd(self) -> float:
        """What the calls cost together; 0 without any, NaN where one has no price."""
        return math.fsum(call.cost_usd for call in self.calls)


def unknown(reason: str, calls: tuple[GraderCall, ...] = ()) -> Grade:
    """The grade of a response that could not be graded, through no fault of its own."""
    return Grade(quality=math.nan, status="failed", reason=reason, calls=calls)
