"""Graders: from a question and a response to a grade.

All of them have one shape (`protocol.Grader`):

    grade = await grader.grade(question, response)
    await grader.aclose()

- `question`: `Question(id=..., prompt=..., answer=..., grader=...)`. `answer` is what the grader
  compares with (or None), `grader` the name that the dataset gives ("number", "choice:a|b").
- `response`: a `gairp.types.Response`, as a backend gives it. A text alone is
  `Response(model=..., content=text)`.
- `grade`: a `Grade`. `grade.quality` is in [0, 1], or **NaN where nobody can say** (`grade.known`
  is False): the response had an error, a judge could not be read or reached, a sandbox failed.
  Such a grade is counted, and never learned from. `grade.status` says which; `grade.extracted` and
  `grade.reason` say why. `grade.calls` holds every call of a model that the grade took, as
  `GraderCall(arm, response, cost_usd, vote)`, for the caller to bill; `grade.cost_usd` is their
  sum.

`ByQuestion()` grades each question by the grader that its dataset names, so that one object serves
a mixed dataset. `get_grader(name)` makes one of those: it returns a `TextGrader`, which also has
`extract(text)` and `score(text, answer)` for code that does not wait.
"""

from __future__ import annotations

from gairp.rewards.graders.base import BaseGrader, TextGrader
from gairp.rewards.graders.by_question import ByQuestion
from gairp.rewards.graders.choice import Choice
from gairp.rewards.graders.embedding_similarity import EmbeddingSimilarity
from gairp.rewards.graders.grade import Grade, GraderCall, Question
from gairp.rewards.graders.items import Items
from gairp.rewards.graders.json_object import JsonObject
from gairp.rewards.graders.json_schema import JsonSchema
from gairp.rewards.graders.match import Match
from gairp.rewards.graders.named import get_grader
from gairp.rewards.graders.number import Number
from gairp.rewards.graders.numeric import Numeric
from gairp.rewards.graders.protocol import Grader
from gairp.rewards.graders.regex import Regex
from gairp.rewards.graders.sandbox import Sandbox
from gairp.rewards.graders.text import Exact, Mention, Text
from gairp.rewards.graders.unit_tests import UnitTests

__all__ = [
    "BaseGrader", "ByQuestion", "Choice", "EmbeddingSimilarity", "Exact", "Grade", "Grader",
    "GraderCall", "Items", "JsonObject", "JsonSchema", "Match", "Mention", "Number", "Numeric",
    "Question", "Regex", "Sandbox", "Text", "TextGrader", "UnitTests", "get_grader",
]  # fmt: skip
