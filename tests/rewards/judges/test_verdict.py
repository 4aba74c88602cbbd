"""A verdict is read where it is clear, and nowhere else."""

from __future__ import annotations

import pytest

from gairp.rewards.judges.verdict import read_verdict

GRADES = ("correct", "incorrect", "partly correct")


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("Verdict: correct", "correct"),
        ("verdict : **Incorrect**.", "incorrect"),
        ("**Verdict**: [correct]", "correct"),
        ("Verdict = correct, since it matches", "correct"),
        ("Verdict:\n\ncorrect", "correct"),
        ("The answer is incorrect at first.\nVerdict: correct", "correct"),
        ("Verdict: correct\nOn second thought.\nVerdict: incorrect", "incorrect"),
        ("correct", "correct"),
        ("'Incorrect.'", "incorrect"),
        ("- correct\n\nThe sum is incorrect in line two.", "correct"),
    ],
)
def test_a_clear_verdict(reply: str, verdict: str) -> None:
    assert read_verdict(reply, ("correct", "incorrect")) == verdict


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "Verdict:",
        "Verdict: not correct",
        "Verdict: correct or incorrect",
        "Verdict: correct\nVerdict: unsure",
        "It is correct.",
        "I think that incorrect is wrong",
        "correctness cannot be judged",
        "incorrectly, correct",
        "myverdict: correct",
        "Grade: 5",
    ],
)
def test_no_clear_verdict(reply: str) -> None:
    assert read_verdict(reply, ("correct", "incorrect")) is None


def test_labels_of_several_words_and_letters_and_digits() -> None:
    assert read_verdict("Verdict: A", ("A", "B", "tie")) == "A"
    assert read_verdict("Verdict: A or B", ("A", "B", "tie")) is None
    assert read_verdict("Score: 4", ("1", "4", "5"), "Score") == "4"
    assert read_verdict("Score: 4/5", ("1", "4", "5"), "Score") is None
    assert read_verdict("Score: 45", ("1", "4", "5"), "Score") is None
    assert read_verdict("Verdict: partly right", ("right", "partly right")) is None
