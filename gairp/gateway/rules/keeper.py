"""The rules in force: read anew when their file changes, and kept where the new ones are wrong."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

from gairp.errors import ConfigError
from gairp.gateway.exchange.request import GatewayRequest
from gairp.gateway.exchange.target import Catalogue, Target
from gairp.gateway.rules.book import RuleBook
from gairp.telemetry.event import note

_LOG = logging.getLogger("gairp.gateway")


class RuleKeeper:
    """Requests that began with one book end with it: a reload touches none."""

    def __init__(self, path: Path, catalogue: Catalogue) -> None:
        """Raises ConfigError for rules that are wrong: a gateway does not start with them."""
        self.path, self._catalogue = path, catalogue
        self.book = RuleBook.read(path, catalogue)
        self.refused: str | None = None  #: why the newest file is not in force
        self.reloads = 0
        self._stamp = self._now()

    def direct(self, request: GatewayRequest, headers: Mapping[bytes, bytes]) -> Target:
        """Where a request goes."""
        return self.book.direct(request, headers)

    async def watch(self, every_s: float = 1.0) -> None:
        """Look for changes until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            self.look()

    def look(self) -> bool:
        """Read the file again if it has changed; whether new rules are in force."""
        stamp = self._now()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            self.book = RuleBook.read(self.path, self._catalogue)
        except ConfigError as error:
            self.refused = str(error)
            note(_LOG, logging.ERROR, "rules.refused", f"the rules stay as they were: {error}",
                 file=self.path)  # fmt: skip
            return False
        self.refused = None
        self.reloads += 1
        note(_LOG, logging.INFO, "rules.reloaded", f"rules read anew from {self.path}",
             file=self.path)  # fmt: skip
        return True

    def _now(self) -> tuple[int, int] | None:
        try:
            stat = self.path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size
