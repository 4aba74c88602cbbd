"""Whether a process is to end: it was told so, or whoever started it is gone."""

from __future__ import annotations

import os
import signal
import threading
import time


class Stop:
    """`asked` by SIGTERM, or by the end of the pipe that only the parent holds open."""

    def __init__(self, pipe: int, *, within_s: float, hard_s: float = 5.0) -> None:
        """`within_s`: how long whatever is under way may take then; so much later, without the
        parent, the process ends whatever it does.
        """
        self._within_s, self._hard_s = within_s, hard_s
        self._since: float | None = None
        self._pipe = pipe

    def watch(self) -> None:
        """Begin. The parent's end reaches the process as SIGTERM, and after the time as a kill."""
        threading.Thread(target=self._wait, name="gairp-parent", daemon=True).start()

    def ask(self, *_: object) -> None:
        """A handler of signals."""
        if self._since is None:
            self._since = time.monotonic()

    @property
    def asked(self) -> bool:
        """Whether it is time to end."""
        return self._since is not None

    @property
    def overdue(self) -> bool:
        """Whether nobody is waited for any more."""
        return self._since is not None and time.monotonic() - self._since > self._within_s

    def _wait(self) -> None:
        while os.read(self._pipe, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(self._within_s + self._hard_s)
        os._exit(1)  # whatever hangs must not outlive its parent
