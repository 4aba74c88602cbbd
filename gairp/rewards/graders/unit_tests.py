"""Code that a model wrote, by the tests that it passes."""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path
from typing import Any, ClassVar

from gairp.errors import DataError
from gairp.rewards.graders import harness
from gairp.rewards.graders.base import BaseGrader
from gairp.rewards.graders.grade import Grade, Question, unknown
from gairp.rewards.graders.sandbox import Run, Sandbox

_FENCE = re.compile(r"```[ \t]*(\w*)[^\n]*\n(.*?)(?:```|\Z)", re.DOTALL)


class UnitTests(BaseGrader):
    """Runs the Python of a response, then the tests in the question's answer, in a sandbox.

    Tests are functions `test_…`, or statements such as `assert add(1, 2) == 3`; they find the
    solution's names in place. Quality is 1 where all pass, else 0; with `partial` it is the share
    of test functions that pass. A solution that is slow, large or crashes has quality 0; one that
    looks for the harness to deceive it, rather than for the answer, may still succeed, since it
    shares a process with its tests.

    Raises MissingProgramError where there is no sandbox and DataError for tests that do not
    compile.
    """

    name: ClassVar[str] = "unit_tests"

    def __init__(self, *, sandbox: Sandbox | None = None, partial: bool = False) -> None:
        self.sandbox, self.partial = sandbox or Sandbox(), partial

    async def _grade(self, question: Question, text: str) -> Grade:
        solution = code_in(text)
        if not solution.strip():
            return Grade(quality=0.0, status="no_answer", reason="no code in the response")
        job = {"token": secrets.token_hex(16), "solution": solution, "tests": question.answer}
        program = Path(harness.__file__).read_text(encoding="utf-8")
        run = await self.sandbox.run(program, stdin=json.dumps(job).encode())
        lines = _believed(run.stdout, str(job["token"]))
        if not lines:
            said = run.stderr.decode("utf-8", "replace").strip()[-300:]
            return unknown(f"the sandbox ended with {run.exit_code} before the code began: {said}")
        if "bad_tests" in lines[-1]:
            raise DataError(
                f"question {question.id!r}: its tests do not compile ({lines[-1]['bad_tests']}); "
                "correct its answer"
            )
        return self._counted(lines[-1], run, solution)

    def _counted(self, result: dict[str, Any], run: Run, solution: str) -> Grade:
        if "total" not in result:
            return Grade(quality=0.0, extracted=solution, reason=self._stopped(run))
        passed, total = int(result["passed"]), int(result["total"])
        share = passed / total if self.partial else float(passed == total)
        reason = f"{passed} of {total} tests passed"
        if result["problem"]:
            reason += f"; {result['problem']}"
        return Grade(quality=share, extracted=solution, reason=reason)

    def _stopped(self, run: Run) -> str:
        if run.timed_out:
            return f"not done after {self.sandbox.wall_s:g} s"
        if run.too_long:
            return f"wrote more than {self.sandbox.output_kb} KiB"
        return (
            f"ended with exit code {run.exit_code} before its tests did; above 128 it was killed, "
            f"as for more than {self.sandbox.cpu_s:g} s of processor time"
        )


def code_in(text: str) -> str:
    """The first fenced block of Python, else the first fenced block, else the whole text."""
    blocks = _FENCE.findall(text)
    python = [code for language, code in blocks if language.lower() in ("python", "python3", "py")]
    return str([*python, *(code for _, code in blocks), text][0])


def _believed(stdout: bytes, token: str) -> list[dict[str, Any]]:
    """The harness's own lines."""
    found = []
    for line in stdout.splitlines():
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(fields, dict) and fields.get("token") == token:
            found.append(fields)
    return found
