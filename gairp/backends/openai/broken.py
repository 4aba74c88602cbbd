"""An answer that broke off, said inside the backends; it leaves as a `Failure`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gairp.types import FailureKind


class BrokenAnswerError(Exception):
    """What was wrong with an answer whose status was no error."""

    def __init__(
        self,
        kind: FailureKind,
        message: str,
        *,
        retry_after_s: float | None = None,
        unsent: bool = False,
    ) -> None:
        self.kind, self.message, self.retry_after_s = kind, message, retry_after_s
        self.unsent = unsent  #: the server cannot have had the whole request
        super().__init__(message)


class RefusedError(Exception):
    """A status that is an error; `body` is JSON as it came, or text that is none."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str]) -> None:
        self.status, self.body, self.headers = status, body, headers
        super().__init__(f"HTTP {status}")
