"""What a fault is: a rule that says when, and a change to what goes out."""

from __future__ import annotations

import re
from typing import ClassVar, Literal

import msgspec

from gairp.backends.fake.ask import Ask
from gairp.backends.fake.ledger import Bill
from gairp.backends.fake.piece import Reply
from gairp.backends.fake.scene import Scene
from gairp.backends.fake.when import when
from gairp.backends.fake.wire.completion import Completion


def _kind(class_name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", class_name).lower()


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag=_kind):
    """One thing that goes wrong; its kind is the class name in snake case."""

    when: str = "always"
    model: str | None = None  #: only for this one
    only: Literal["stream", "whole"] | None = None  #: only for streams, or for whole answers
    bill: Bill | None = None  #: what the server charges nevertheless

    #: What the server charges where the fault does not say; None is the same as without a fault.
    usual_bill: ClassVar[Bill | None] = None
    example: ClassVar[str]  #: one line of YAML

    def __post_init__(self) -> None:
        when(self.when)

    @property
    def kind(self) -> str:
        """Its name in YAML."""
        return str(self.__struct_config__.tag)

    def concerns(self, model: str, *, stream: bool) -> bool:
        """Whether a call is of the kind that the fault is for."""
        return (self.model is None or self.model == model) and (
            self.only is None or (self.only == "stream") == stream
        )

    def refuse(self, scene: Scene) -> Reply | None:
        """A reply in place of the model's, before that has worked."""
        return None

    def reask(self, ask: Ask) -> None:
        """Change the question before the model sees it."""

    def reword(self, completion: Completion) -> Completion:
        """Another answer than the model's."""
        return completion

    def rewrite(self, reply: Reply, scene: Scene, completion: Completion) -> Reply:
        """Another way for the same answer to come."""
        return reply
