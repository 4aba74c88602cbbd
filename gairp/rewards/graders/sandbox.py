"""Code that nobody has read, run where it can do no harm: bubblewrap, or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from gairp.errors import ConfigError, MissingProgramError

INSTALL = "apt-get install bubblewrap"
_NOBODY = 65534
_MIB = 2**20


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What a sandboxed program left behind."""

    stdout: bytes  #: cut at the cap
    stderr: bytes  #: cut at the cap
    exit_code: int | None  #: negative for a signal; None where it was stopped from outside
    timed_out: bool = False
    too_long: bool = False  #: it wrote more than the cap, and was stopped


class Sandbox:
    """Runs a Python program without network, files, other processes or privileges.

    A root parent first drops to an unused uid (setpriv), then limits memory, processor time and
    file size (prlimit), then unshares every namespace and clears the environment (bwrap). The
    program sees the system's libraries read-only and an empty /tmp of `disk_mb`. The parent caps
    wall time and output, and kills the whole namespace when done, also when the task is cancelled.
    Starting takes some 50 ms. Guards against code that is wrong or mischievous; a hole in the
    kernel is beyond it.

    `python` is the interpreter inside; by default this one where the uid may read it, else the
    system's. Raises MissingProgramError, with the command that installs it, where bubblewrap is
    absent or may not run: nothing ever runs outside.
    """

    def __init__(
        self,
        *,
        wall_s: float = 10.0,
        cpu_s: float = 10.0,
        memory_mb: int = 512,
        disk_mb: int = 16,
        processes: int = 16,
        output_kb: int = 64,
        python: str | None = None,
    ) -> None:
        limits = {
            "wall_s": wall_s, "cpu_s": cpu_s, "memory_mb": memory_mb, "disk_mb": disk_mb,
            "processes": processes, "output_kb": output_kb,
        }  # fmt: skip
        for key, value in limits.items():
            if not (math.isfinite(value) and value > 0):
                raise ConfigError(f"sandbox.{key} is {value}; give a number above 0")
        self.wall_s, self.cpu_s, self.memory_mb, self.disk_mb = wall_s, cpu_s, memory_mb, disk_mb
        self.processes, self.output_kb, self.python = processes, output_kb, python
        self._interpreter: str | None = None

    async def run(self, program: str, *arguments: str, stdin: bytes = b"") -> Run:
        """Run a Python program to its end, or to one of the limits."""
        if self._interpreter is None:
            self._interpreter = await self._usable()
        return await self._run(self._interpreter, program, arguments, stdin)

    async def _usable(self) -> str:
        """The first interpreter that starts inside; MissingProgramError where none does."""
        _need("bwrap", "prlimit", *(["setpriv"] if os.geteuid() == 0 else []))
        errors = []
        for python in [self.python] if self.python else _interpreters():
            tried = await self._run(python, "print('ready')", (), b"")
            if tried.stdout == b"ready\n":
                return python
            errors.append(f"{python}: {tried.stderr.decode('utf-8', 'replace').strip()[-300:]}")
        raise MissingProgramError(
            "the sandbox does not start, so the code was not run: " + "; ".join(errors) + ". "
            "It needs user namespaces (in a container: those that the host allows) and a Python "
            "that everybody may read: set `sandbox.python`, or run: apt-get install python3"
        )

    async def _run(self, python: str, program: str, arguments: Sequence[str], stdin: bytes) -> Run:
        with _readable(program) as file:
            process = await asyncio.create_subprocess_exec(
                *self._command(python, file, arguments),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE, pass_fds=[file], start_new_session=True,
                env={"PATH": os.defpath}, cwd="/",
            )  # fmt: skip
            try:
                return await self._watch(process, stdin)
            finally:
                await _end(process)

    async def _watch(self, process: asyncio.subprocess.Process, stdin: bytes) -> Run:
        """Feed and read until the end, the cap or the wall; the caller ends the process."""
        cap = self.output_kb * 1024
        out, err = bytearray(), bytearray()
        timed_out = too_long = False
        try:
            async with asyncio.timeout(self.wall_s), asyncio.TaskGroup() as group:
                group.create_task(_feed(process.stdin, stdin))
                group.create_task(_read(process.stdout, out, cap))
                group.create_task(_read(process.stderr, err, cap))
                group.create_task(process.wait())
        except* TimeoutError:
            timed_out = True
        except* _TooLongError:
            too_long = True
        return Run(
            stdout=bytes(out[:cap]), stderr=bytes(err[:cap]), timed_out=timed_out,
            too_long=too_long, exit_code=None if timed_out or too_long else process.returncode,
        )  # fmt: skip

    def _command(self, python: str, file: int, arguments: Sequence[str]) -> list[str]:
        drop = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
        drop += ["--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--"]
        limit = ["prlimit", f"--as={self.memory_mb * _MIB}", f"--fsize={self.disk_mb * _MIB}"]
        limit += [f"--cpu={math.ceil(self.cpu_s)}", "--core=0", "--nofile=64", "--"]
        prefix = str(Path(python).resolve().parent.parent)
        system = ["--ro-bind", "/usr", "/usr"]
        for name in ("bin", "lib", "lib64"):
            if Path("/", name).is_symlink():
                system += ["--symlink", f"usr/{name}", f"/{name}"]
            elif Path("/", name).is_dir():
                system += ["--ro-bind", f"/{name}", f"/{name}"]
        if not prefix.startswith("/usr"):
            system += ["--ro-bind", prefix, prefix]
        box = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
        box += ["--unshare-user", "--disable-userns"] if _knows("--disable-userns") else []
        box += [*system, "--dev", "/dev", "--remount-ro", "/dev"]
        box += ["--size", str(self.disk_mb * _MIB)] if _knows("--size") else []
        box += ["--tmpfs", "/tmp", "--ro-bind-data", str(file), "/program.py"]
        box += ["--remount-ro", "/", "--chdir", "/tmp", "--setenv", "HOME", "/tmp"]
        box += ["--setenv", "PATH", "/usr/bin", "--setenv", "LANG", "C.UTF-8", "--"]
        # Inside, since bwrap itself must still start a process or two.
        inner = ["prlimit", f"--nproc={self.processes}", "--"]
        inner += [str(Path(python).resolve()), "-I", "-B", "/program.py", *arguments]
        return [*(drop if os.geteuid() == 0 else []), *limit, *box, *inner]


def _need(*programs: str) -> None:
    for program in programs:
        if shutil.which(program, path=os.defpath) is None:
            package = "bubblewrap" if program == "bwrap" else "util-linux"
            raise MissingProgramError(
                f"the program {program!r} is not installed, and code is not run without a sandbox; "
                f"run: apt-get install {package}"
            )


def _interpreters() -> list[str]:
    own = str(Path(sys.executable).resolve())
    system = shutil.which("python3", path=os.defpath)
    return list(dict.fromkeys(path for path in (own, system) if path))


@lru_cache
def _knows(option: str) -> bool:
    """Whether this version of bwrap has the option."""
    import subprocess

    done = subprocess.run(["bwrap", "--help"], capture_output=True, text=True, check=False)
    return option in done.stdout


@contextlib.contextmanager
def _readable(text: str) -> Iterator[int]:
    """A file in memory that holds the text, at its start."""
    file = os.memfd_create("program")
    try:
        os.write(file, text.encode("utf-8", "replace"))
        os.lseek(file, 0, os.SEEK_SET)
        yield file
    finally:
        os.close(file)


class _TooLongError(Exception):
    """The program wrote more than it may."""


async def _feed(pipe: asyncio.StreamWriter | None, data: bytes) -> None:
    assert pipe is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        pipe.write(data)
        await pipe.drain()
    pipe.close()


async def _read(pipe: asyncio.StreamReader | None, into: bytearray, cap: int) -> None:
    """Read to the end; raises _TooLongError where the cap is passed."""
    assert pipe is not None
    while part := await pipe.read(4096):
        into += part
        if len(into) > cap:
            raise _TooLongError


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill what is left; bwrap's death takes the whole namespace with it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    # A process counts as ended when its pipes are empty too.
    for pipe in (process.stdout, process.stderr):
        while pipe is not None and await pipe.read(65536):
            pass
    await process.wait()
