"""What identifies the questions and the software of a live run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256

from gairp.records.surroundings import versions as installed
from gairp.runners.live.question import LiveQuestion

_VERSIONED = ("gairp", "numpy", "scipy", "scikit-learn", "openai", "vowpal-wabbit-next")


def questions_hash(questions: Sequence[LiveQuestion]) -> str:
    """sha256 over ids, texts, answers and graders, in the order of service."""
    digest = sha256()
    for question in questions:
        parts = (question.id, question.text, question.answer, question.grader)
        digest.update(json.dumps(parts).encode())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """The installed versions that a decision may depend on."""
    return installed(_VERSIONED)
