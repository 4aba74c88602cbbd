"""The first lines that a reader copies work as they stand, but for the address."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.gateway.world import MODELS, world

ROOT = Path(__file__).resolve().parents[2]
DEMO = "http://127.0.0.1:8080/v1"


def snippet(page: str) -> str:
    """The one that asks the gateway."""
    blocks = re.findall(
        r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL
    )
    (found,) = [block for block in blocks if "from openai import" in block]
    return str(found)


@pytest.mark.parametrize("page", ["README.md", "docs/serving.md"])
def test_the_snippet_streams_an_answer(
    page: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = snippet(page)
    assert len(code.splitlines()) <= 12
    assert code.count(DEMO) == 1

    async def run() -> tuple[str, float]:
        async with world(tmp_path) as it:
            asked = code.replace(DEMO, f"{it.base_url}/v1")
            await asyncio.to_thread(exec, asked, {"__name__": "snippet"})
            (recent,) = it.gateway.engine.recents._kept.values()
            return recent.outcome.attempts[-1].decision.arm, recent.outcome.total_cost_usd

    arm, usd = asyncio.run(run())
    said = capsys.readouterr().out
    assert said.startswith(MODELS[arm]["answer"]["text"])
    if page == "README.md":
        last = said.splitlines()[-1]
        assert last.startswith(f"{arm}, {usd} USD, {{'id': 'req-")
        assert f"'arm': '{arm}', 'propensity': " in last
