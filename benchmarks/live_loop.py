"""`python -m benchmarks.live_loop bare|live URL REQUESTS`: one side, in a process of its own.

Prints one JSON object: seconds of wall and processor time for all requests, and by how many bytes
the process's peak of resident memory rose while it served.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CONCURRENT = 32
WARM_UP = 2_000  #: by then caches are full and the collector has found its pace
MODEL = "fake"
MAX_TOKENS = 64


def prompts(count: int) -> list[str]:
    """As many different questions."""
    return [
        f"Question {i}: what is {i} plus {i + 1}, in words and in digits?" for i in range(count)
    ]


def bare(url: str, count: int) -> Callable[[], object]:
    """The `openai` package's client, streaming with usage: what anybody would write."""
    from openai import AsyncOpenAI

    async def ask(client: AsyncOpenAI, prompt: str) -> str:
        stream = await client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": prompt}],
            max_tokens=MAX_TOKENS,
            stream=True,
            stream_options={"include_usage": True},
        )
        return "".join(
            [
                chunk.choices[0].delta.content
                async for chunk in stream
                if chunk.choices and chunk.choices[0].delta.content
            ]
        )

    async def run() -> None:
        async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
            works = iter(prompts(count))

            async def user() -> None:
                for prompt in works:
                    await ask(client, prompt)

            await asyncio.gather(*(user() for _ in range(CONCURRENT)))

    return lambda: asyncio.run(run())


def live(url: str, count: int, folder: Path) -> Callable[[], object]:
    """The live runner with everything on: LinUCB, ceiling, breaker, retries, journal, grader."""
    import pandas as pd
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    from gairp.run import CONF
    from gairp.runners.live.runner import LiveRunner

    folder.mkdir()
    rows = [
        {"prompt_id": f"q{i}", "prompt": prompt, "answer": "word", "grader": "mention"}
        for i, prompt in enumerate(prompts(count))
    ]
    pd.DataFrame(rows).to_parquet(folder / "questions.parquet")
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(
            "run",
            [
                "+experiment=live", "trace.dataset=null", "policy=[linucb]", "features=hashed",
                f"trace.prompts={folder / 'questions.parquet'}", "live.count=null",
                f"live.pacing.users={CONCURRENT}", f"live.limits.default={CONCURRENT}",
                f"live.params.max_tokens={MAX_TOKENS}", "live.shadow_share=0",
                "live.progress=false", "live.ceiling.usd=1000", "+live.prices.genai=false",
            ],
        )  # fmt: skip
    settings: Any = OmegaConf.to_container(config, resolve=True)
    target = "gairp.backends.openai.OpenAIBackend"
    settings["live"]["backends"] = {"fake": {"_target_": target, "base_url": url}}
    settings["live"]["arms"] = {
        name: {"backend": "fake", "model": MODEL, "price_key": "smollm2-135m-instruct"}
        for name in ("one", "two")
    }
    settings["trace"]["duplicates"] = 1.0
    runner = LiveRunner(settings, out=folder)
    cast = runner.cast()
    return lambda: runner.serve(cast)


def main(side: str, url: str, count: int) -> None:
    """Serve a few to warm up, then measure."""
    with tempfile.TemporaryDirectory(prefix="gairp-") as scratch:
        folder = Path(scratch)
        _serving(side, url, WARM_UP, folder / "first")()
        serve = _serving(side, url, count, folder / "all")
        gc.collect()
        _give_back()
        Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
        before, wall, cpu = _resident(), time.perf_counter(), time.process_time()
        serve()
        figures = {
            "wall_s": time.perf_counter() - wall,
            "cpu_s": time.process_time() - cpu,
            "grown_bytes": _resident(peak=True) - before,
        }
    print(json.dumps(figures))


def _serving(side: str, url: str, count: int, folder: Path) -> Callable[[], object]:
    return bare(url, count) if side == "bare" else live(url, count, folder)


def _give_back() -> None:
    """Return freed memory to the system: what preparing has left would hide what serving takes."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _resident(*, peak: bool = False) -> int:
    name = "VmHWM:" if peak else "VmRSS:"
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith(name)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
