"""What runs inside the sandbox: a model's solution, then the tests of it.

Needs the standard library alone, and only `main` is meant to run, as a program of its own. It reads
one JSON object from standard input (`token`, `solution`, `tests`) and writes JSON lines to standard
output: one before anything of the solution runs, one when every test has run. The solution cannot
write to either by accident, and a line without the token is not believed.
"""

from __future__ import annotations

import json
import os
import sys
import types
from typing import Any


def main() -> None:
    """Run the job; ends the process, whatever threads the solution left behind."""
    job = json.loads(sys.stdin.buffer.read())
    out = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    _write(out, job["token"], started=True)
    _write(out, job["token"], **run(job["solution"], job["tests"]))
    os._exit(0)


def run(solution: str, tests: str) -> dict[str, Any]:
    """Counts of tests that were run and passed, and the first problem.

    The tests find the solution's names in place and can import them from `solution`. Every function
    `test_…` is a test; where there is none, the code itself is one.
    """
    try:
        code = compile(tests, "tests.py", "exec")
    except (SyntaxError, ValueError) as error:
        return {"bad_tests": _said(error)}
    module = types.ModuleType("solution")
    sys.modules["solution"] = module
    scope: dict[str, Any] = module.__dict__
    try:
        exec(compile(solution, "solution.py", "exec"), scope)
        scope = {**scope, "__name__": "tests"}
        exec(code, scope)
    except BaseException as error:
        return {"passed": 0, "total": 1, "problem": _said(error)}
    found = [
        (name, scope[name])
        for name in code.co_names
        if name.startswith("test_") and callable(scope.get(name))
    ]
    problems = [problem for name, test in found if (problem := _tried(name, test))]
    total = len(found) or 1
    return {"passed": total - len(problems), "total": total, "problem": "".join(problems[:1])}


def _tried(name: str, test: Any) -> str:
    """The problem of one test, or an empty string."""
    try:
        test()
    except BaseException as error:
        return f"{name}: {_said(error)}"
    return ""


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]


def _write(out: int, token: str, **fields: Any) -> None:
    os.write(out, json.dumps({"token": token, **fields}).encode() + b"\n")


if __name__ == "__main__":
    main()
