"""Everything that can go wrong with a model server, one class each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from gairp.backends.fake.faults.base import Fault
from gairp.backends.fake.faults.bodies import GarbageJson, HtmlPage, TruncatedBody
from gairp.backends.fake.faults.contents import (
    IgnoredMaxTokens,
    MissingUsage,
    OtherModel,
    WrongUsage,
)
from gairp.backends.fake.faults.cuts import (
    CloseMidstream,
    EndMidstream,
    HangBeforeHeaders,
    HangMidstream,
    ResetAfterHeaders,
    ResetBeforeHeaders,
    ResetMidstream,
)
from gairp.backends.fake.faults.errors import ErrorEvent
from gairp.backends.fake.faults.framing import (
    CrlfLines,
    DuplicatedFinal,
    Heartbeat,
    JoinedEvents,
    MissingDone,
    SlowDrip,
    SplitUnicode,
    SseComments,
)
from gairp.backends.fake.faults.refused import ConnectionRefused
from gairp.backends.fake.faults.statuses import ContextOverflow, KeyInError, Status

AnyFault = (
    Status
    | ContextOverflow
    | KeyInError
    | ConnectionRefused
    | ResetBeforeHeaders
    | ResetAfterHeaders
    | ResetMidstream
    | CloseMidstream
    | EndMidstream
    | HangBeforeHeaders
    | HangMidstream
    | Heartbeat
    | GarbageJson
    | HtmlPage
    | TruncatedBody
    | ErrorEvent
    | SlowDrip
    | SplitUnicode
    | SseComments
    | CrlfLines
    | JoinedEvents
    | DuplicatedFinal
    | MissingDone
    | MissingUsage
    | WrongUsage
    | OtherModel
    | IgnoredMaxTokens
)

#: Every fault by its name in YAML.
KINDS: Mapping[str, type[Fault]] = {
    str(cls.__struct_config__.tag): cls for cls in get_args(AnyFault)
}

__all__ = ["KINDS", "AnyFault", "ConnectionRefused", "Fault"]
