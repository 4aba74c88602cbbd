"""What runs in the sandbox sees nothing, keeps nothing and ends when it must."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from gairp.errors import ConfigError, MissingProgramError
from gairp.rewards.graders import Sandbox
from gairp.rewards.graders.sandbox import Run


def ran(sandbox: Sandbox, program: str, stdin: bytes = b"") -> Run:
    return asyncio.run(sandbox.run(program, stdin=stdin))


def test_a_program_runs(sandbox: Sandbox) -> None:
    run = ran(sandbox, "import sys; print(sys.stdin.read() * 2); sys.exit(3)", b"ab")
    assert (run.stdout, run.stderr, run.exit_code) == (b"abab\n", b"", 3)
    assert not run.timed_out


@pytest.mark.parametrize(
    "program",
    [
        "open('/etc/passwd')",
        "import os; os.listdir('/root')",
        "import os; os.listdir('/proc')",
        f"open({str(Path(__file__).resolve())!r})",
        "open('/program.py', 'a')",
        "open('/dev/shm/x', 'w')",
        "open('/x', 'w')",
        "open('/usr/x', 'w')",
        "import socket; socket.create_connection(('127.0.0.1', 22), 1)",
        "import socket; socket.create_connection(('192.0.2.1', 80), 1)",
        "import os; os.setuid(0)",
        "import os; os.chroot('/tmp')",
        "import os; os.kill(1, 9); open('/tmp/done', 'w'); raise OSError",
        "open('/tmp/x', 'w').write('x' * 10**8)",
        "bytearray(10**9)",
        "import os\nwhile True: os.fork()",
    ],
    ids=lambda program: program[:40],
)
def test_it_may_not(sandbox: Sandbox, program: str) -> None:
    run = ran(sandbox, program)
    assert run.exit_code not in (0, None)
    assert b"Error" in run.stderr


def test_its_environment_is_empty(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SECRET", "hunter2")
    run = ran(sandbox, "import os; print(sorted(os.environ), os.listdir('/tmp'), os.getuid() > 0)")
    names, _, rest = run.stdout.decode().partition("] ")
    assert set(names.strip("[").replace("'", "").split(", ")) <= {"HOME", "LANG", "PATH", "PWD"}
    assert rest == "[] True\n" if os.geteuid() == 0 else rest.startswith("[] ")


def test_wall_time_is_capped(sandbox: Sandbox) -> None:
    short = Sandbox(wall_s=1.0)
    short.python = sandbox.python
    ran(short, "")
    start = time.monotonic()
    run = ran(short, "import time; print('on', flush=True); time.sleep(60)")
    assert (run.timed_out, run.exit_code, run.stdout) == (True, None, b"on\n")
    assert time.monotonic() - start < 30.0


def test_processor_time_is_capped(sandbox: Sandbox) -> None:
    run = ran(Sandbox(cpu_s=1.0, wall_s=10.0), "while True: pass")
    assert run.exit_code not in (0, None)
    assert not run.timed_out


def test_output_is_capped(sandbox: Sandbox) -> None:
    start = time.monotonic()
    run = ran(sandbox, "import os\nwhile True: os.write(1, b'x' * 4096)")
    assert (run.too_long, run.exit_code, run.stdout) == (True, None, b"x" * 16 * 1024)
    assert time.monotonic() - start < 30.0


def test_children_end_with_it(sandbox: Sandbox) -> None:
    start = time.monotonic()
    run = ran(sandbox, "import os, time\nif os.fork() == 0:\n  os.setsid(); time.sleep(60)")
    assert run.exit_code == 0
    assert time.monotonic() - start < 30.0


def test_cancelling_ends_it(sandbox: Sandbox) -> None:
    async def cancelled() -> float:
        task = asyncio.create_task(sandbox.run("import time; time.sleep(60)"))
        await asyncio.sleep(0.3)
        start = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic() - start

    assert asyncio.run(cancelled()) < 3.0


def test_without_bubblewrap_nothing_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "defpath", str(tmp_path))
    with pytest.raises(MissingProgramError, match="run: apt-get install bubblewrap"):
        ran(Sandbox(), f"open({str(tmp_path / 'ran')!r}, 'w')")
    assert not (tmp_path / "ran").exists()


def test_a_sandbox_that_does_not_start_says_why(sandbox: Sandbox) -> None:
    with pytest.raises(MissingProgramError, match=r"/usr/bin/nothing: .*set `sandbox\.python`"):
        ran(Sandbox(python="/usr/bin/nothing"), "")


@pytest.mark.parametrize("key", ["wall_s", "memory_mb", "processes"])
def test_a_limit_must_be_one(key: str) -> None:
    with pytest.raises(ConfigError, match=f"sandbox.{key} is 0; give a number above 0"):
        Sandbox(**{key: 0})  # type: ignore[arg-type]
