"""An answer that broke off, said inside the package; it leaves as a `Failure`."""

from __future__ import annotations

from gairp.types import FailureKind


class BrokenAnswerError(Exception):
    """What was wrong with an answer whose status was no error."""

    def __init__(
        self, kind: FailureKind, message: str, *, retry_after_s: float | None = None
    ) -> None:
        self.kind, self.message, self.retry_after_s = kind, message, retry_after_s
        super().__init__(message)
