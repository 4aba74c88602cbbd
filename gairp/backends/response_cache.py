"""Responses on disk, by key; one SQLite file that any number of processes may share."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import msgspec

from gairp.errors import DataError
from gairp.types import Response

_BUSY_S = 10.0
_OPENING_TRIES = 50  #: of 20 ms and more: the switch to the write-ahead log is not waited for
_TABLE = """
CREATE TABLE IF NOT EXISTS responses (
    key BLOB PRIMARY KEY,
    response BLOB NOT NULL,
    model TEXT NOT NULL,
    made_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
) WITHOUT ROWID
"""


class ResponseCache:
    """Opened at its first use; the file stays small enough to copy, and is plain SQLite.

    Readers do not wait for writers (write-ahead log), and of two who write one key the first
    stays. What cannot be read back is deleted and was never there. Once open, trouble with the file
    (a full disk, a lock held for ten seconds) loses a cached answer and not a paid one: it is
    counted in `troubles`. Raises DataError where the file cannot be opened.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.troubles = 0
        self._connection: sqlite3.Connection | None = None
        self._packer = msgspec.msgpack.Encoder()  # JSON has no NaN
        self._unpacker = msgspec.msgpack.Decoder(Response)

    def get(self, key: bytes) -> Response | None:
        """What was put under this key; None where nothing was."""
        connection = self._open()
        try:
            row = connection.execute(
                "SELECT response FROM responses WHERE key = ?", (key,)
            ).fetchone()
            return None if row is None else self._read(connection, key, row[0])
        except sqlite3.Error:
            self.troubles += 1
            return None

    def put(self, key: bytes, response: Response) -> None:
        """Keep a response, unless there is one."""
        connection = self._open()
        try:
            connection.execute(
                "INSERT OR IGNORE INTO responses (key, response, model) VALUES (?, ?, ?)",
                (key, self._packer.encode(response), response.model),
            )
        except sqlite3.Error:
            self.troubles += 1

    def __len__(self) -> int:
        return int(self._open().execute("SELECT count(*) FROM responses").fetchone()[0])

    def close(self) -> None:
        """Harmless when done twice; the next use opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _read(self, connection: sqlite3.Connection, key: bytes, packed: bytes) -> Response | None:
        try:
            return self._unpacker.decode(packed)
        except (msgspec.DecodeError, TypeError):
            connection.execute("DELETE FROM responses WHERE key = ?", (key,))
            return None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._connection = _connected(self.path)
            except (OSError, sqlite3.Error) as error:
                raise DataError(
                    f"the response cache {self.path} cannot be opened ({error}); name another "
                    "file, or delete it: it holds nothing that cannot be asked again"
                ) from error
        return self._connection


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
    try:
        _prepare(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    """The write-ahead log and the table, though others may be doing the same."""
    for left in reversed(range(_OPENING_TRIES)):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")  # whole after a crash, if not latest
            connection.execute(_TABLE)
            return
        except sqlite3.OperationalError as error:
            if left == 0 or "locked" not in str(error):
                raise
            time.sleep(0.02)
