"""Runs a command and sees to it that nothing of it outlives the process that asked for it.

    python supervisor.py GRACE_SECONDS COMMAND...

The asker holds the other end of standard input. When that closes, by an orderly stop or because
the asker was killed, the command gets SIGTERM, and after the grace whatever is left of it, down to
the last grandchild, gets SIGKILL. The first line of standard output is the command's process id;
the exit code is the command's, or 128 and the signal that ended it.

This file is run by its path with any interpreter, so it imports nothing but the standard library.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
#: A forked copy of the asker may hold the pipe open after its death; the parent's id tells then.
_LOOK_S = 1.0
_KILLING_S = 10.0


class Supervisor:
    """Owns one command; `run` returns its exit code once nothing of it is left."""

    def __init__(self, *, command: list[str], grace_s: float) -> None:
        self.command, self.grace_s = command, grace_s
        self._asker = os.getppid()
        self._asked = False
        self._code: int | None = None
        self._wakeup, self._wake = os.pipe()
        os.set_blocking(self._wake, False)

    def run(self) -> int:
        """Start the command, wait for its end or the asker's, then clear up."""
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._stop)
        try:
            child = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=2, preexec_fn=_die_with_supervisor
            )
        except OSError as error:
            print(f"cannot run {self.command[0]}: {error.strerror}", file=sys.stderr, flush=True)
            return 127
        print(child.pid, flush=True)
        self._wait(child.pid, None)
        if self._code is None:
            os.kill(child.pid, signal.SIGTERM)
            self._wait(child.pid, time.monotonic() + self.grace_s)
        self._clear(child.pid)
        child.returncode = self._code if self._code is not None else -signal.SIGKILL
        return child.returncode if child.returncode >= 0 else 128 - child.returncode

    def _stop(self, *_: object) -> None:
        self._asked = True

    def _wait(self, pid: int, deadline: float | None) -> None:
        """Until the command has ended, and until the deadline or, without one, the asker's end."""
        watched = [self._wakeup] if deadline is not None else [self._wakeup, 0]
        while self._code is None:
            left = _LOOK_S if deadline is None else min(_LOOK_S, deadline - time.monotonic())
            if left <= 0:
                return
            ready = select.select(watched, [], [], left)[0]
            if self._wakeup in ready:
                os.read(self._wakeup, 4096)
            self._reap(pid)
            if deadline is None and self._asker_is_gone(0 in ready):
                return

    def _asker_is_gone(self, readable: bool) -> bool:
        closed = readable and not os.read(0, 4096)
        return closed or self._asked or os.getppid() != self._asker

    def _reap(self, pid: int) -> None:
        """Take the exit codes of the command and of orphans that were handed to us."""
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == pid:
                    self._code = os.waitstatus_to_exitcode(ended[1])

    def _clear(self, pid: int) -> None:
        """End what is left, however deep; orphans become ours, so none can hide.

        Those that outlive the command, and are not behind time as it, may tidy up first:
        Python's tracker of shared memory, say, which unlinks what the killed ones left.
        """
        if self._code is not None:
            self._signal_all(pid, signal.SIGTERM, self.grace_s, once=True)
        self._signal_all(pid, signal.SIGKILL, _KILLING_S, once=False)

    def _signal_all(self, pid: int, number: int, patience_s: float, *, once: bool) -> None:
        """Until nobody is left or the time is over."""
        deadline = time.monotonic() + patience_s
        told: set[int] = set()
        while (left := _descendants(os.getpid(), pid)) and time.monotonic() < deadline:
            for one in set(left) - told:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one, number)
            told |= set(left) if once else set()
            self._reap(pid)
            time.sleep(0.01)


def _descendants(root: int, child: int) -> list[int]:
    """Living processes below `root`; where there is no /proc, the command alone."""
    if not Path("/proc/self/stat").exists():
        return [child] if _exists(child) else []
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                # The name, in brackets, may itself hold spaces and brackets.
                fields = Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(entry))
    found, queue = [], [root]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _die_with_supervisor() -> None:
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(Supervisor(command=sys.argv[2:], grace_s=float(sys.argv[1])).run())
