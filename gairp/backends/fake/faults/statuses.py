"""Answers that are no answers: an HTTP status with the vendor's error."""

from __future__ import annotations

from email.utils import formatdate
from time import time
from typing import Literal

from gairp.backends.fake.faults.base import Fault
from gairp.backends.fake.piece import Reply
from gairp.backends.fake.scene import Scene


class Status(Fault, kw_only=True):
    """An HTTP status with the vendor's error body; `status_503` is short for it."""

    status: int
    retry_after_s: float | None = None
    retry_after_form: Literal["seconds", "date", "ms"] = "seconds"
    example = "{kind: status, status: 429, retry_after_s: 2, when: first 2}"

    def refuse(self, scene: Scene) -> Reply | None:
        """The status, in the vendor's words."""
        return scene.quirks.error(self.status, headers=self._headers())

    def _headers(self) -> list[tuple[str, str]]:
        seconds = self.retry_after_s
        if seconds is None:
            return []
        if self.retry_after_form == "ms":
            return [("retry-after-ms", f"{1000 * seconds:g}")]
        if self.retry_after_form == "date":
            return [("Retry-After", formatdate(time() + seconds, usegmt=True))]
        return [("Retry-After", f"{seconds:g}")]


class ContextOverflow(Fault, kw_only=True):
    """The prompt is said to be too long for the model, whatever its length."""

    limit: int = 8192
    example = "{kind: context_overflow, limit: 8192, when: first 1}"

    def refuse(self, scene: Scene) -> Reply | None:
        """A 400 as the vendor words it."""
        return scene.quirks.overflow(self.limit, asked=self.limit + 1)
