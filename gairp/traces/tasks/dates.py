"""Days of the week, months and calendar dates."""

from __future__ import annotations

import random
from datetime import date, timedelta

from gairp.traces.tasks.family import Family, Item

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip
_DAY_GRADER = "choice:" + "|".join(_DAYS)
_MONTH_GRADER = "choice:" + "|".join(_MONTHS)


class Dates(Family):
    """1: the next day or month; 2: several days or months on; 3: adding days to a date."""

    name = "dates"
    hint = "the day of the week"
    grader = _DAY_GRADER

    def _item(self, rng: random.Random, difficulty: int) -> Item:
        if difficulty == 3:
            return _shifted_date(rng)
        step = 1 if difficulty == 1 else rng.randint(2, 5)
        direction = rng.choice(("after", "before"))
        shift = step if direction == "after" else -step
        if rng.random() < 0.5:
            i = rng.randrange(7)
            start = rng.choice(("What day of the week is", "Which weekday comes", "Which day is"))
            return Item(
                f"{start} {_gap('day', step)} {direction} {_DAYS[i]}?", _DAYS[(i + shift) % 7]
            )
        i = rng.randrange(12)
        start = rng.choice(("Which month is", "Which month comes"))
        return Item(
            f"{start} {_gap('month', step)} {direction} {_MONTHS[i]}?",
            _MONTHS[(i + shift) % 12],
            "the month",
            _MONTH_GRADER,
        )


def _shifted_date(rng: random.Random) -> Item:
    start = date(rng.randint(2015, 2030), rng.randint(1, 12), rng.randint(1, 28))
    days = rng.randint(1, 10)
    return Item(
        f"What date is {days} days after {start.isoformat()}?",
        (start + timedelta(days=days)).isoformat(),
        "the date as YYYY-MM-DD",
        "mention",
    )


def _gap(unit: str, step: int) -> str:
    return "right" if step == 1 else f"{step} {unit}s"
