"""Code is worth the tests that it passes."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path

import pytest

from gairp.errors import DataError
from gairp.rewards.graders import Grade, Sandbox, UnitTests
from gairp.rewards.graders.harness import run
from gairp.rewards.graders.sandbox import Run
from gairp.rewards.graders.unit_tests import code_in
from tests.rewards.graders.asking import asked, graded, said

ADD = "def add(a, b):\n    return a + b\n"
TESTS = """
from solution import add as imported

def test_small():
    assert add(1, 2) == 3

def test_text():
    assert imported("a", "b") == "ab"
"""


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"Here:\n```python\n{ADD}```\nUse it:\n```python\nadd(1, 2)\n```", ADD),
        (f"```\n$ run\n```\n```py\n{ADD}```", ADD),
        (f"```\n{ADD}```", ADD),
        (f"```python\n{ADD}", ADD),
        (ADD, ADD),
    ],
)
def test_code_is_found(text: str, code: str) -> None:
    assert code_in(text) == code


def test_code_that_passes(sandbox: Sandbox) -> None:
    grade = graded(UnitTests(sandbox=sandbox), f"```python\n{ADD}```", TESTS)
    assert grade == Grade(quality=1.0, extracted=ADD, reason="2 of 2 tests passed")


def test_code_that_fails_one(sandbox: Sandbox) -> None:
    half = "def add(a, b):\n    return int(a) + int(b)\n"
    whole = graded(UnitTests(sandbox=sandbox), half, TESTS)
    assert whole.quality == 0.0
    assert whole.reason.startswith("1 of 2 tests passed; test_text: ValueError: invalid literal")
    assert graded(UnitTests(sandbox=sandbox, partial=True), half, TESTS).quality == 0.5


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("I cannot write code.", "SyntaxError: invalid syntax"),
        ("import nothing_of_this_name", "ModuleNotFoundError: No module named"),
        ("raise SystemExit(0)", "SystemExit: 0"),
        ("import os; os._exit(0)", "ended with exit code 0 before its tests did"),
        ("import ctypes; ctypes.string_at(0)", "ended with exit code 139 before"),
        ("while True: pass", "ended with exit code 137 before"),
        (
            "def add(a, b):\n  import os; os.write(1, b'x' * 99); os._exit(0)",
            "ended with exit code",
        ),
        ("import time; time.sleep(60)", "not done after 2 s"),
        ("def add(a, b): return add(a, b)", "0 of 2 tests passed; test_small: RecursionError"),
        ("x = bytearray(10**9)", "0 of 1 tests passed; MemoryError"),
        ("import sys; print(sys.stdin.read())", "ImportError: cannot import name 'add'"),
    ],
    ids=lambda text: str(text)[:30],
)
def test_code_that_breaks_is_wrong_and_not_unknown(
    sandbox: Sandbox, code: str, reason: str
) -> None:
    # Only sleep shall meet the limit of the wall clock, however busy the machine is.
    box = Sandbox(wall_s=2.0 if "sleep" in code else 60.0, cpu_s=1.0, memory_mb=256)
    grade = graded(UnitTests(sandbox=box), code, TESTS)
    assert (grade.quality, grade.status) == (0.0, "graded")
    assert reason in grade.reason


def test_no_code_is_no_answer(sandbox: Sandbox) -> None:
    assert graded(UnitTests(sandbox=sandbox), " ", TESTS).status == "no_answer"


def test_statements_are_one_test(sandbox: Sandbox) -> None:
    assert graded(UnitTests(sandbox=sandbox), ADD, "assert add(1, 2) == 3").quality == 1.0
    assert graded(UnitTests(sandbox=sandbox), ADD, "assert add(1, 2) == 4").quality == 0.0


def test_tests_that_do_not_compile_are_the_datasets_fault(sandbox: Sandbox) -> None:
    with pytest.raises(DataError, match="question 'q-1': its tests do not compile \\(SyntaxError"):
        graded(UnitTests(sandbox=sandbox), ADD, "assert (")


def test_a_sandbox_that_breaks_is_unknown_and_not_wrong() -> None:
    class Broken(Sandbox):
        async def run(self, program: str, *arguments: str, stdin: bytes = b"") -> Run:
            return Run(stdout=b"", stderr=b"bwrap: no space", exit_code=1)

    grade = graded(UnitTests(sandbox=Broken()), ADD, TESTS)
    assert grade.status == "failed"
    assert math.isnan(grade.quality)
    assert grade.reason == "the sandbox ended with 1 before the code began: bwrap: no space"


def test_a_line_that_claims_success_is_not_believed() -> None:
    class Claiming(Sandbox):
        async def run(self, program: str, *arguments: str, stdin: bytes = b"") -> Run:
            claim = b'{"token": "guess", "passed": 9, "total": 9, "problem": ""}\n[[1]]\n'
            return Run(stdout=claim, stderr=b"", exit_code=0)

    assert graded(UnitTests(sandbox=Claiming()), ADD, TESTS).status == "failed"


def test_many_at_once(sandbox: Sandbox) -> None:
    grader = UnitTests(sandbox=sandbox)

    async def all_of_them() -> list[float]:
        codes = [ADD, "add = None"] * 4
        return [
            grade.quality
            for grade in await asyncio.gather(
                *(grader.grade(asked(TESTS), said(code)) for code in codes)
            )
        ]

    assert asyncio.run(all_of_them()) == [1.0, 0.0] * 4


def test_the_harness_counts() -> None:
    tests = "x = 1\ndef test_a(): assert double(2) == 4\ndef test_b(): assert double(2) == 5"
    result = run("def double(x): return 2 * x", tests)
    assert result == {"passed": 1, "total": 2, "problem": "test_b: AssertionError: "}
    assert run("x = ", "assert True")["problem"].startswith("SyntaxError")
    assert run("", "assert (")["bad_tests"].startswith("SyntaxError")


def test_the_harness_stands_alone() -> None:
    source = (Path(run.__code__.co_filename)).read_text()
    assert "gairp" not in source
