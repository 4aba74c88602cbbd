"""A model server that answers from a script, and misbehaves on command."""

from __future__ import annotations

from gairp.backends.fake.answer import Answer
from gairp.backends.fake.ask import Ask
from gairp.backends.fake.ledger import Call, Ledger
from gairp.backends.fake.program import ModelSpec, Program
from gairp.backends.fake.server import FakeServer

__all__ = [
    "Answer",
    "Ask",
    "Call",
    "FakeServer",
    "Ledger",
    "ModelSpec",
    "Program",
]
