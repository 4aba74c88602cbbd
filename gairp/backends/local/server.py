"""A model server as a child process: checked before it starts, waited for, gone with us."""

from __future__ import annotations

import http.client
import importlib.util
import os
import subprocess
import sys
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self, TypedDict

from gairp.backends.local import memory
from gairp.backends.local.child import Child
from gairp.backends.local.port import HOST, free_port, require_free
from gairp.errors import BackendError
from gairp.types import ServerLoad

_POLL_S = 0.05


class Launch(TypedDict, total=False):
    """The settings that every local server takes; see `LocalServer`."""

    python: str | None
    port: int
    log_dir: str | None
    start_timeout_s: float
    stop_grace_s: float
    progress_every_s: float
    check_memory: bool


class LocalServer(ABC):
    """What every local server promises; a subclass says what to check and what to run.

    `start` raises BackendError, or MissingDependencyError, with the reason and what to do.
    `model` is the name that arms and answers call it by; `python` is the interpreter that runs it,
    ours by default. Port 0 takes a free one. The log goes to `log_dir`, and without one to a
    temporary file that an orderly stop removes. While it starts, standard error says every
    `progress_every_s` seconds what is waited for. Calls may come from several threads.
    """

    kind: ClassVar[str]
    #: What to look at when the server ends while it starts.
    suspicion: ClassVar[str]

    def __init__(
        self,
        *,
        model: str,
        python: str | None = None,
        port: int = 0,
        log_dir: str | None = None,
        start_timeout_s: float = 120.0,
        stop_grace_s: float = 5.0,
        progress_every_s: float = 10.0,
        check_memory: bool = True,
    ) -> None:
        self.model, self.port, self.check_memory = model, port, check_memory
        self.python = sys.executable if python is None else str(Path(python).expanduser())
        self.log_dir = None if log_dir is None else Path(log_dir).expanduser()
        self.start_timeout_s, self.stop_grace_s = start_timeout_s, stop_grace_s
        self.progress_every_s = progress_every_s
        self.address = ""  #: http://host:port while it runs
        self._child: Child | None = None
        self._changing, self._stopping = threading.Lock(), threading.Event()

    @property
    def what(self) -> str:
        """How messages call this server."""
        return f"{self.kind} server for {self.model}"

    @property
    def pid(self) -> int:
        """The server's process; BackendError where it does not run."""
        if self._child is None:
            raise BackendError(f"the {self.what} is not running; use it inside `with`")
        return self._child.pid

    @abstractmethod
    def check(self) -> None:
        """Raise what stands in the way of a start, before anything is started."""

    @abstractmethod
    def command(self, port: int) -> list[str]:
        """What to run."""

    @abstractmethod
    def memory_needed(self) -> int:
        """Bytes, estimated."""

    @abstractmethod
    def load(self) -> ServerLoad | None:
        """As the server says over HTTP; None where it does not answer."""

    def environment(self) -> Mapping[str, str]:
        """Variables of the child beside ours."""
        return {}

    def start(self) -> str:
        """Its address, once it answers; does nothing more when it runs already."""
        with self._changing:
            if self._child is not None:
                return self.address
            self.check()
            if self.check_memory:
                memory.require(self.memory_needed(), self.what, "free some or take a smaller model")
            if self.port:
                require_free(self.port, self.what)
            self._launch(self.port or free_port())
            return self.address

    def _launch(self, port: int) -> None:
        child = Child(
            command=self.command(port), log=self._log(port), environment=self.environment(),
            grace_s=self.stop_grace_s,
        )  # fmt: skip
        try:
            self._wait(child, port)
        except BaseException:
            child.stop()
            raise
        self._child, self.address = child, f"http://{HOST}:{port}"

    def abandon(self) -> None:
        """End a start that another thread waits for; nothing where none is under way."""
        self._stopping.set()

    def stop(self) -> None:
        """End it and all that it started; harmless when it does not run."""
        self.abandon()
        with self._changing:
            if self._child is not None:
                died = self._child.exit_code() is not None
                self._child.stop()
                if self.log_dir is None and not died:
                    self._child.log.unlink(missing_ok=True)
            self._child, self.address = None, ""
            self._stopping.clear()

    def died(self) -> str | None:
        """How it ended by itself, with the end of its log; None while it runs or never ran."""
        code = None if self._child is None else self._child.exit_code()
        if self._child is None or code is None:
            return None
        return f"the {self.what} ended with exit code {code}; {_quoted(self._child)}"

    def _log(self, port: int) -> Path:
        if self.log_dir is not None:
            return self.log_dir / f"{self.kind}-{Path(self.model).name}-{port}.log"
        handle, path = tempfile.mkstemp(prefix=f"gairp-{self.kind}-", suffix=".log")
        os.close(handle)
        return Path(path)

    def _wait(self, child: Child, port: int) -> None:
        started = time.monotonic()
        told = started
        while not _healthy(port):
            now = time.monotonic()
            if self._stopping.is_set():
                raise BackendError(f"the {self.what} was stopped while it started")
            if (code := child.exit_code()) is not None:
                raise BackendError(
                    f"the {self.what} ended with exit code {code} while it started; "
                    f"{self.suspicion}; {_quoted(child)}"
                )
            if now - started > self.start_timeout_s:
                raise BackendError(
                    f"the {self.what} did not answer http://{HOST}:{port}/health within "
                    f"{self.start_timeout_s:g} s; raise start_timeout_s if the machine is busy, "
                    f"else see the log; {_quoted(child)}"
                )
            if now - told >= self.progress_every_s:
                told = now
                print(
                    f"waiting for the {self.what} on port {port}: {now - started:.0f} s "
                    f"(log: {child.log})",
                    file=sys.stderr, flush=True,
                )  # fmt: skip
            time.sleep(_POLL_S)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def has_package(python: str, package: str) -> bool:
    """Whether that interpreter finds the package, which is not imported."""
    if python == sys.executable:
        return importlib.util.find_spec(package) is not None
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({package!r}) is None)"
    return subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0


def fetch(address: str, path: str, timeout_s: float = 2.0) -> str | None:
    """The text there; None where the server does not answer with 200 in time."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=timeout_s)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        text = response.read().decode("utf-8", "replace")
        return text if response.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _healthy(port: int) -> bool:
    return fetch(f"{HOST}:{port}", "/health") is not None


def _quoted(child: Child) -> str:
    return f"the last lines of its log, {child.log}:\n{child.tail() or '(nothing)'}"
