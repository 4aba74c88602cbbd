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
    message: str | None = None
    retry_after_s: float | None = None
    retry_after_form: Literal["seconds", "date", "ms"] = "seconds"
    example = "{kind: status, status: 429, retry_after_s: 2, when: first 2}"

    def refuse(self, scene: Scene) -> Reply | None:
        """The status, in the vendor's words."""
        return scene.quirks.error(self.status, message=self.message, headers=self._headers())

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
        """In the vendor's words."""
        return scene.quirks.overflow(self.limit, self.limit + 1, scene.ask.max_tokens or 0)


class KeyInError(Fault, kw_only=True):
    """An error that repeats the whole key."""

    status: int = 401
    example = "{kind: key_in_error, when: first 1}"

    def refuse(self, scene: Scene) -> Reply | None:
        """The key, for everyone to read."""
        key = scene.quirks.key(scene.received)
        message = f"Incorrect API key provided: {key}. You can find your API key in your account."
        return scene.quirks.error(self.status, message=message)
