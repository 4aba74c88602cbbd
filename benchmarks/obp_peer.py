"""Open Bandit Pipeline, spoken to in a Python of its own."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from gairp.errors import MissingProgramError

_SCRIPT = Path(__file__).with_name("obp_loop.py")
_REMEDY = (
    "make an environment of Python 3.8 to 3.10 with `pip install obp==0.5.7 'matplotlib<3.8'`, and "
    "set GAIRP_OBP_PYTHON to its python"
)


class ObpPeer:
    """Runs rounds of its estimators on one log; a context that ends the process."""

    def __init__(self, python: str, file: Path, *, draws: int) -> None:
        """`file` holds the arrays of the log. MissingProgramError where that Python has no obp."""
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        command = [python, str(_SCRIPT), str(file), str(draws)]
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=self._errors, text=True
            )
        except OSError as error:
            self._errors.close()
            raise MissingProgramError(f"{python}: {error.strerror}; {_REMEDY}") from None
        assert self._process.stdout is not None
        self.version = self._process.stdout.readline().strip()  #: of obp
        if not self.version:
            why = self._last_words()
            self.close()
            raise MissingProgramError(f"{python} cannot run obp ({why}); {_REMEDY}")

    def round(self) -> tuple[float, list[float]]:
        """Processor seconds of points and intervals, and the points."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"obp {self.version} failed: {self._last_words()}")
        seconds, *points = json.loads(line)
        return seconds, points

    def close(self) -> None:
        """End the process."""
        with self._process:  # closes the pipes, which ends its loop, and waits
            pass
        self._errors.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()

    def _last_words(self) -> str:
        self._process.wait()
        self._errors.seek(0)
        return (self._errors.read().strip().splitlines() or ["it said nothing"])[-1]
