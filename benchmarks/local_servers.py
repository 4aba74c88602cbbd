"""`python -m benchmarks.local_servers`: the same prompts to llama.cpp and to vLLM, both measured.

Each answer has the same length, whatever the model says (`ignore_eos`), so that both servers do the
same work; the questions of a level are the same for both, and new to them. Prints the machine and a
Markdown table; a server whose parts are absent is left out, saying why.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import msgspec
import numpy as np

from gairp.backends.local.backend import LocalBackend
from gairp.backends.local.llamacpp import LlamaCppServer
from gairp.backends.local.server import LocalServer
from gairp.backends.local.vllm import ENVIRONMENT, VllmServer
from gairp.backends.local.vllm_env import SMOLLM2, models_folder
from gairp.errors import GairpError
from gairp.traces.tasks import Task, generate_all
from gairp.types import Arm, Request, Response

HEADER = (
    "| server | at once | requests/s | tokens/s | first token p50 · p95, s "
    "| whole answer p50 · p95, s | cores busy | ready after, s | memory, GiB |\n" + "|---" * 9 + "|"
)


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """What one server did with one number of callers."""

    server: str
    users: int
    wall_s: float
    cpu_s: float  #: processor time of all its processes
    ready_s: float
    memory_gib: float
    responses: tuple[Response, ...]

    def row(self) -> str:
        """One line of the table; raises RuntimeError where a call failed."""
        for response in self.responses:
            if response.error is not None:
                raise RuntimeError(f"{self.server}: {response.error}")
        tokens = sum(response.usage.output_tokens for response in self.responses)
        first = [response.first_token_s for response in self.responses]
        whole = [response.latency_s for response in self.responses]
        return (
            f"| {self.server} | {self.users} | {len(self.responses) / self.wall_s:.2f} "
            f"| {tokens / self.wall_s:.0f} | {_middle(first)} | {_middle(whole)} "
            f"| {self.cpu_s / self.wall_s:.2f} | {self.ready_s:.1f} | {self.memory_gib:.2f} |"
        )


def _middle(seconds: Sequence[float]) -> str:
    p50, p95 = np.percentile(seconds, [50, 95])
    return f"{p50:.2f} · {p95:.2f}"


def requests(count: int, seed: int) -> list[Request]:
    """As many questions, an equal number of each family, in a fixed mixed order."""
    tasks = generate_all(seed=seed, per_family=-(-count // 17))
    mixed = [tasks[i] for i in np.random.default_rng(seed).permutation(len(tasks))]
    return [_request(task, seed) for task in mixed[:count]]


def _request(task: Task, seed: int) -> Request:
    messages = ({"role": "user", "content": task.prompt},)
    return Request(id=f"{seed}-{task.id}", messages=messages)


def arm(tokens: int) -> Arm:
    """Greedy answers of exactly so many tokens."""
    params = {"temperature": 0.0, "max_tokens": tokens, "ignore_eos": True}
    return Arm(name="smollm2", model="smollm2", recipe={"system": "Be brief.", "params": params})


async def measure(
    server: LocalServer, levels: Sequence[int], count: int, tokens: int
) -> list[Level]:
    """One level after the other on one server, each with questions of its own."""
    backend = LocalBackend(server=server)
    try:
        start = time.perf_counter()
        await backend.start()
        ready = time.perf_counter() - start
        await _ask(backend, requests(4, seed=99), users=2, tokens=tokens)  # warm
        found = []
        for users in levels:
            spent, start = cpu_s(server.pid), time.perf_counter()
            # Questions that the server saw before would find their prefixes in its cache.
            responses = await _ask(backend, requests(count, seed=users), users, tokens)
            wall, spent = time.perf_counter() - start, cpu_s(server.pid) - spent
            found.append(
                Level(
                    server=server.kind, users=users, wall_s=wall, cpu_s=spent, ready_s=ready,
                    memory_gib=memory_gib(server.pid), responses=tuple(responses),
                )
            )  # fmt: skip
        return found
    finally:
        await backend.aclose()


async def _ask(
    backend: LocalBackend, questions: Sequence[Request], users: int, tokens: int
) -> list[Response]:
    """Each of `users` callers sends its next question when it has its answer."""
    queue = iter(questions)

    async def user() -> list[Response]:
        return [await backend.complete(question, arm(tokens)) for question in queue]

    return [one for some in await asyncio.gather(*(user() for _ in range(users))) for one in some]


def memory_gib(pid: int) -> float:
    """Proportional memory of all the server's processes: what they share counts once."""
    texts = [(folder / "smaps_rollup").read_text() for folder in _session(pid)]
    return sum(int(text.partition("\nPss:")[2].split()[0]) for text in texts) / 2**20


def cpu_s(pid: int) -> float:
    """Processor seconds that the server's processes have spent."""
    stats = [_stat(folder / "stat") for folder in _session(pid)]
    return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")


def _session(pid: int) -> list[Path]:
    """Folders in /proc of the living processes of the session that the server runs in."""
    session, found = _stat(Path(f"/proc/{pid}/stat"))[3], []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            found += [stat.parent] if _stat(stat)[3] == session else []
        except OSError:
            continue
    return found


def _stat(path: Path) -> list[str]:
    return path.read_text().rpartition(")")[2].split()


def server_of(kind: str, threads: int, dtype: str) -> LocalServer:
    """Either has the same model, the same room and the same threads."""
    if kind == "llamacpp":
        return LlamaCppServer(path=SMOLLM2, model="smollm2", slots=4, threads=threads)
    return VllmServer(
        path=str(models_folder() / "smollm2-135m-instruct"), model="smollm2",
        python=f"{ENVIRONMENT}/bin/python", dtype=dtype, slots=4, threads=threads,
    )  # fmt: skip


def machine(root: Path = Path("/")) -> str:
    """Processor, memory, system and the version of llama.cpp's package, in a line."""
    text = (root / "proc/cpuinfo").read_text()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    flags = [f for f in ("amx_bf16", "avx512_bf16", "avx512f", "avx2") if f in text.split()]
    memory = (root / "proc/meminfo").read_text().partition("MemTotal:")[2].split()[0]
    return (
        f"{len(names)} cores of {names[0]} ({flags[0] if flags else 'no vectors known'}), "
        f"{int(memory) / 2**20:.0f} GiB, {platform.system()}, Python {platform.python_version()}, "
        f"xllamacpp {_version('xllamacpp')}"
    )


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "absent"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 where no server could be measured."""
    parser = argparse.ArgumentParser(prog="benchmarks.local_servers", description=__doc__)
    parser.add_argument("--prompts", type=int, default=40, help="at each level")
    parser.add_argument("--tokens", type=int, default=48, help="of each answer")
    parser.add_argument("--threads", type=int, default=1, help="of each server")
    parser.add_argument("--dtype", default="bfloat16", help="of vLLM's weights and computation")
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 4], help="callers")
    kinds = ["llamacpp", "vllm"]
    parser.add_argument("--servers", nargs="+", default=kinds, choices=kinds)
    options = parser.parse_args(arguments)
    rows = []
    for name in options.servers:
        try:
            server = server_of(name, options.threads, options.dtype)
            found = asyncio.run(measure(server, options.at_once, options.prompts, options.tokens))
        except GairpError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
            continue
        rows += [level.row() for level in found]
    print("\n".join([machine(), "", HEADER, *rows]))
    return 0 if rows else 1


if __name__ == "__main__":
    sys.exit(main())
