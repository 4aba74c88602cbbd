"""The comparison of local servers, with a fake one and no model."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from benchmarks import local_servers
from benchmarks.local_servers import Level
from gairp.types import Failure, Response, Usage
from tests.backends.local.fake_local_server import FakeLocalServer, alive, read_pids

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def response(first_s: float, whole_s: float, tokens: float = 48.0) -> Response:
    usage = Usage(input_tokens=30.0, output_tokens=tokens)
    return Response(model="m", usage=usage, first_token_s=first_s, latency_s=whole_s)


def level(*responses: Response) -> Level:
    return Level(
        server="llamacpp", users=4, wall_s=3.0, cpu_s=4.5, ready_s=1.26, memory_gib=0.345,
        responses=responses,
    )  # fmt: skip


def test_a_row_says_rates_and_quantiles() -> None:
    row = level(*(response(i / 10, i * 1.0) for i in range(1, 4))).row()
    assert row == ("| llamacpp | 4 | 1.00 | 48 | 0.20 · 0.29 | 2.00 · 2.90 | 1.50 | 1.3 | 0.34 |")
    heads, rule = local_servers.HEADER.splitlines()
    assert row.count("|") == heads.count("|") == rule.count("|")


def test_a_failed_call_is_no_measurement() -> None:
    failed = Response(model="m", error=Failure(kind="timeout", message="too slow"))
    with pytest.raises(RuntimeError, match=r"llamacpp: .*too slow"):
        level(response(0.1, 1.0), failed).row()


def test_questions_are_the_same_for_all_servers_and_new_at_each_level() -> None:
    ones, again, fours = (local_servers.requests(40, seed=seed) for seed in (1, 1, 4))
    assert [r.messages for r in ones] == [r.messages for r in again]
    texts = Counter(str(r.messages) for r in [*ones, *fours])
    assert len(ones) == len(fours) == 40
    assert sum(n - 1 for n in texts.values()) <= 4  # a small family may ask a thing twice


def test_answers_have_one_length() -> None:
    params = local_servers.arm(7).recipe["params"]
    assert params == {"temperature": 0.0, "max_tokens": 7, "ignore_eos": True}


def test_a_server_is_measured_with_its_whole_family_and_ended(tmp_path: Path) -> None:
    says = {"answer": "one two three", "pids": str(tmp_path / "pids")}
    server = FakeLocalServer(says=says, stop_grace_s=0.2)
    one, two = asyncio.run(local_servers.measure(server, [1, 2], count=3, tokens=3))
    assert [(found.server, found.users, len(found.responses)) for found in (one, two)] == [
        ("fake", 1, 3),
        ("fake", 2, 3),
    ]
    assert {r.content for r in one.responses} == {"one two three"}
    assert one.ready_s == two.ready_s > 0
    assert 0 < one.memory_gib < 1
    assert one.cpu_s >= 0
    assert alive(read_pids(tmp_path / "pids")) == []


def test_processor_time_is_that_of_the_session() -> None:
    before = local_servers.cpu_s(os.getpid())
    while local_servers.cpu_s(os.getpid()) < before + 0.05:
        sum(range(10_000))


def test_the_machine_is_described(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    core = "processor: 0\nmodel name\t: Some CPU @ 2 GHz\nflags\t\t: fpu avx2 avx512f\n"
    (tmp_path / "proc/cpuinfo").write_text(core * 2)
    (tmp_path / "proc/meminfo").write_text("MemTotal:       25165824 kB\nMemFree: 1 kB\n")
    said = local_servers.machine(tmp_path)
    assert said.startswith("2 cores of Some CPU @ 2 GHz (avx512f), 24 GiB, Linux, Python 3.")


def test_a_server_whose_parts_are_absent_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert local_servers.main(["--servers", "vllm"]) == 1
    said = capsys.readouterr()
    assert "vllm is left out: no vLLM behind the interpreter .venv-vllm/bin/python" in said.err
    assert "run: python -m gairp.backends.local.vllm_env" in said.err
    assert said.out.splitlines()[-2:] == local_servers.HEADER.splitlines()
