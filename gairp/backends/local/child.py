"""A child process with a log, of which nothing survives this process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from gairp.backends.local import supervisor

_KILLING_S = 15.0
_TAIL_BYTES = 16_384


class Child:
    """A command below a supervisor (see there), its output appended to `log`.

    It gets SIGTERM, and SIGKILL `grace_s` seconds later, with all that it started: at `stop`, and
    when this process ends in any way.
    """

    def __init__(
        self,
        *,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
        grace_s: float = 5.0,
    ) -> None:
        self.command, self.log, self.grace_s = list(command), log, grace_s
        self.environment = {**os.environ, **(environment or {})}
        self.pid = 0  #: of the command itself; 0 where it could not be run
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        # Isolated and without site-packages: the supervisor starts in 20 ms and needs neither.
        command = [sys.executable, "-I", "-S", str(Path(supervisor.__file__))]
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*command, str(self.grace_s), *self.command], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=log, env=self.environment,
                start_new_session=True,  # a Ctrl-C is for us; we end our children in order
            )  # fmt: skip
        assert process.stdout is not None
        self.pid = int(process.stdout.readline() or b"0")
        return process

    def exit_code(self) -> int | None:
        """None while it runs; 128 and the signal where one ended it."""
        return self._process.poll()

    def tail(self, lines: int = 12) -> str:
        """The last lines of the log."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - _TAIL_BYTES))
            text = log.read().decode("utf-8", "replace")
        return "\n".join(text.strip().splitlines()[-lines:])

    def stop(self) -> None:
        """End it and wait for its end; harmless when it has ended."""
        try:
            self._process.communicate(timeout=self.grace_s + _KILLING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
