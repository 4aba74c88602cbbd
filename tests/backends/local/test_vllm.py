"""The vLLM launcher; a real one where it is asked for."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import sys
from pathlib import Path

import pytest

from gairp.backends.local.backend import LocalBackend
from gairp.backends.local.metrics import vllm_load
from gairp.backends.local.vllm import VllmServer
from gairp.errors import BackendError
from gairp.types import Arm, Request
from tests.backends.local import captured
from tests.backends.local.fake_local_server import wait_until_gone
from tests.backends.local.real import VLLM_MODEL, VLLM_PYTHON, real_vllm


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "tiny"
    path.mkdir()
    (path / "config.json").write_text("{}")
    with (path / "model.safetensors").open("wb") as file:
        file.truncate(2**30)
    return path


def test_the_settings_become_flags_of_the_cpu_build(folder: Path) -> None:
    server = VllmServer(path=str(folder), python="/env/bin/python", dtype="bfloat16", threads=1)
    assert server.command(8123) == [
        "/env/bin/python", "-m", "vllm.entrypoints.openai.api_server", "--model", str(folder),
        "--host", "127.0.0.1", "--port", "8123", "--served-model-name", "tiny",
        "--max-model-len", "1024", "--max-num-seqs", "8", "--dtype", "bfloat16",
        "--enforce-eager",
    ]  # fmt: skip
    assert server.environment() == {
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "OMP_NUM_THREADS": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    }


def test_an_installation_for_gpus_gets_what_it_is_told_and_nothing_of_cpus() -> None:
    server = VllmServer(
        path="some/model", command=["vllm", "serve"], enforce_eager=False, tensor_parallel_size=2,
        gpu_memory_utilization=0.8, arguments={"quantization": "awq", "trust-remote-code": False},
    )  # fmt: skip
    assert server.command(8123) == [
        "vllm", "serve", "some/model", "--host", "127.0.0.1", "--port", "8123",
        "--served-model-name", "model", "--max-model-len", "1024", "--max-num-seqs", "8",
        "--dtype", "auto", "--tensor-parallel-size", "2", "--gpu-memory-utilization", "0.8",
        "--quantization", "awq",
    ]  # fmt: skip
    assert server.environment() == {"VLLM_NO_USAGE_STATS": "1"}


def test_memory_is_estimated_from_weights_and_cache(folder: Path) -> None:
    server = VllmServer(path=str(folder), kv_cache_gib=0.5)
    assert server.memory_needed() == 4 * 2**30


def test_an_absent_environment_gives_the_command(folder: Path) -> None:
    with pytest.raises(
        BackendError, match=r"no vLLM behind .*/none of .*; run: python -m .*vllm_env"
    ):
        VllmServer(path=str(folder), python="/none").start()
    with pytest.raises(BackendError, match="no vLLM behind"):  # an interpreter that lacks it
        VllmServer(path=str(folder), python=sys.executable).start()


def test_an_absent_program_gives_the_way_without(folder: Path) -> None:
    with pytest.raises(BackendError, match=r"no program 'no-vllm'.*leave `command` out and run"):
        VllmServer(path=str(folder), command=["no-vllm", "serve"]).start()


def test_a_folder_that_is_no_model_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match=r"no config\.json in .*; set `path` to a model folder"):
        VllmServer(path=str(tmp_path), command=[sys.executable]).start()


def test_an_early_end_of_the_program_is_quoted(folder: Path, tmp_path: Path) -> None:
    program = tmp_path / "vllm"
    program.write_text("#!/bin/sh\necho 'no GPU found'\nexit 3\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    server = VllmServer(path=str(folder), command=[str(program), "serve"], log_dir=str(tmp_path))
    with pytest.raises(BackendError, match="exit code 3 while it started; is the folder a model"):
        server.start()
    (log,) = tmp_path.glob("vllm-tiny-*.log")
    assert log.read_text() == "no GPU found\n"


def test_vllm_tells_running_waiting_and_the_cache() -> None:
    load = vllm_load(captured.VLLM)
    assert (load.running, load.queued) == (7.0, 2.0)
    assert load.kv_cache_use == 0.038567493112947604


def test_two_engines_are_one_server_as_full_as_its_fullest_cache() -> None:
    second = captured.VLLM.replace('engine="0"', 'engine="1"').replace("0.03856", "0.5")
    load = vllm_load(captured.VLLM + second)
    assert (load.running, load.queued) == (14.0, 4.0)
    assert load.kv_cache_use == pytest.approx(0.57493112947604)


def test_the_older_name_of_the_cache_is_known() -> None:
    assert vllm_load('vllm:gpu_cache_usage_perc{model_name="m"} 0.25\n').kv_cache_use == 0.25


@real_vllm
def test_a_real_vllm_answers_and_leaves_nobody(tmp_path: Path) -> None:
    server = VllmServer(
        path=str(VLLM_MODEL), model="toy", python=str(VLLM_PYTHON), dtype="bfloat16",
        log_dir=str(tmp_path),
    )  # fmt: skip

    async def scenario() -> list[int]:
        backend = LocalBackend(server=server)
        request = Request(id="r", messages=({"role": "user", "content": "Say hello."},))
        arm = Arm(name="a", model="toy", recipe={"params": {"temperature": 0, "max_tokens": 8}})
        response = await backend.complete(request, arm)
        assert response.error is None
        assert 1 <= response.usage.output_tokens <= 8
        load = await backend.load()
        assert load is not None
        assert (load.running, load.queued, load.kv_cache_use) == (0.0, 0.0, 0.0)
        family = session(server.pid)
        assert len(family) >= 3  # the API, the engine and its worker
        os.kill(server.pid, signal.SIGKILL)
        assert wait_until_gone(family) == []
        await backend.aclose()
        return family

    asyncio.run(scenario())


def session(pid: int) -> list[int]:
    """Every process of the session that the process belongs to, its leader, our supervisor, too."""
    found = []
    for stat_file in Path("/proc").glob("[0-9]*/stat"):
        try:
            found.append((int(stat_file.parent.name), int(fields(stat_file)[3])))
        except OSError:
            continue
    mine = dict(found)[pid]
    return [one for one, its in found if its == mine]


def fields(stat_file: Path) -> list[str]:
    return stat_file.read_text().rpartition(")")[2].split()
