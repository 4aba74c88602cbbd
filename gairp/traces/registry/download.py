"""One file over HTTP: resumed, verified, and under its final name only when whole."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from gairp.errors import DataError, IntegrityError
from gairp.traces.registry import atomic
from gairp.traces.registry.dataset import SourceFile
from gairp.traces.registry.digest import digests
from gairp.traces.registry.progress import Progress

if TYPE_CHECKING:
    from requests import Response, Session

CHUNK = 1 << 16
TIMEOUT_S = (10.0, 60.0)  #: to connect, between two reads
ATTEMPTS = 4
RETRIED = {408, 429, 500, 502, 503, 504}


class OfflineError(DataError):
    """The host cannot be reached, or stopped answering."""


class Downloader:
    """Downloads files with one session; `pause_s` is doubled between attempts."""

    def __init__(
        self,
        *,
        session: Session | None = None,
        progress: Progress | None = None,
        attempts: int = ATTEMPTS,
        pause_s: float = 1.0,
    ) -> None:
        import requests

        self.session = session or requests.Session()
        self.progress = progress or Progress()
        self.attempts, self.pause_s = attempts, pause_s

    def get(self, url: str, target: Path, expected: SourceFile) -> None:
        """Brings `url` to `target`; bytes of an earlier, cut-off attempt are kept and continued.

        Raises OfflineError, IntegrityError, or DataError (address gone, disk full).
        """
        part = target.with_name(target.name + ".part")
        with atomic.disk_errors(part):
            target.parent.mkdir(parents=True, exist_ok=True)
            resumed = _size(part)
            self._complete(url, part, expected.bytes)
            whole = _size(part)
            try:
                check(part, expected, url)
            except IntegrityError:
                if not resumed:
                    raise
                # The old part may belong to something else; the address is fixed to a commit,
                # so no If-Range header would have told us. Once more from the beginning.
                self.progress.note(f"{target.name}: the resumed part does not fit, starting anew")
                self.progress.advance(-whole)
                self._complete(url, part, expected.bytes)
                check(part, expected, url)
            atomic.replace(part, target)

    def _complete(self, url: str, part: Path, size: int | None) -> None:
        """Repeats until `part` is whole or the attempts are used up; progress renews them."""
        self.progress.advance(_size(part))
        left, pause = self.attempts, self.pause_s
        while True:
            before = _size(part)
            try:
                self._append(url, part, size)
                return
            except OfflineError:
                left = self.attempts if _size(part) > before else left - 1
                if left <= 0:
                    raise
                time.sleep(pause)
                pause = min(2 * pause, 30.0)

    def _append(self, url: str, part: Path, size: int | None) -> None:
        import requests

        have = _size(part)
        if size is not None and have == size:
            return
        # Plain bytes: a compressed transfer has other offsets than the file.
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
        try:
            with self.session.get(url, headers=headers, stream=True, timeout=TIMEOUT_S) as answer:
                self._store(answer, url, part, have)
            if size is not None and _size(part) < size:
                raise requests.ConnectionError(f"cut off after {_size(part):,} of {size:,} bytes")
        except requests.RequestException as error:
            raise OfflineError(
                f"{url}: {_reason(error)}; check the network and run the same command again: "
                "it continues where it stopped; or set GAIRP_DATA_MIRROR to a folder of "
                "converted tables"
            ) from error

    def _store(self, answer: Response, url: str, part: Path, have: int) -> None:
        if answer.status_code == 416 and have:
            # Nothing after these bytes: the part is whole, or not of this file; hashes decide.
            return
        if answer.status_code in RETRIED:
            raise OfflineError(f"{url}: the host answered {answer.status_code} {answer.reason}")
        if answer.status_code not in (200, 206):
            raise DataError(
                f"{url}: the host answered {answer.status_code} {answer.reason}; the source may "
                "have moved or been withdrawn: set GAIRP_DATA_MIRROR to a folder of converted "
                "tables, or correct the address in the registry"
            )
        continues = answer.status_code == 206 and _starts_at(answer, have)
        if have and not continues:
            self.progress.advance(-have)
        with part.open("ab" if continues else "wb") as stream:
            for block in answer.iter_content(CHUNK):
                stream.write(block)
                self.progress.advance(len(block))


def check(file: Path, expected: SourceFile, origin: str) -> None:
    """Raises IntegrityError where the file is not the registered one; a wrong file is deleted."""
    found = digests(file)
    pairs = (("sha256", expected.sha256, found.sha256), ("git blob id", expected.blob, found.blob))
    for kind, wanted, actual in pairs:
        if wanted is not None and wanted != actual:
            size = _size(file)
            file.unlink()
            raise IntegrityError(
                f"{origin}: {kind} is {actual} ({size:,} bytes), registered is {wanted}; "
                "the file was deleted: run the same command again, and if it stays so the "
                "source changed: do not use it, use a mirror"
            )


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _starts_at(answer: Response, have: int) -> bool:
    return answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")


def _reason(error: Exception) -> str:
    """The innermost cause in one line; the outer ones repeat the address."""
    cause: object = error
    while isinstance(cause, BaseException) and cause.args:
        inner = getattr(cause.args[0], "reason", None) or cause.args[0]
        if not isinstance(inner, BaseException):
            break
        cause = inner
    text = " ".join(str(cause).split())
    return f"{type(error).__name__}: {text[:200]}"
