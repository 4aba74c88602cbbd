"""The second call of an arm that reasons first: asked for the answer where that is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gairp.errors import ConfigError
from gairp.types import Arm


class Closing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`recipe.closing` of an arm.

    The answer is what follows `marker`. Where nothing does, the conversation goes on with `ask`, a
    template of the question's fields, and the answer is all of what is then said.
    """

    marker: str
    ask: str
    working: Mapping[str, Any] = {}  #: request fields of the first call, over the question's own
    params: Mapping[str, Any] = {}  #: of the second, over the question's own

    def needed(self, text: str) -> bool:
        """Whether the first call gave no answer."""
        return not self.final(text)

    def final(self, text: str) -> str:
        """The answer in the text of the first call; empty where there is none."""
        return text.rpartition(self.marker)[2].strip() if self.marker in text else ""


def closing_of(arm: Arm) -> Closing | None:
    """The arm's second call; ConfigError for one that is not as it must be."""
    given = arm.recipe.get("closing")
    if given is None:
        return None
    try:
        return msgspec.convert(given, Closing)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"live.arms.{arm.name}.recipe.closing: {error}; it takes marker, ask, working, params"
        ) from error
