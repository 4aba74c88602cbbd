"""A table of sums, and a live run of it on scripted backends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from gairp.run import CONF
from gairp.runners.live.runner import LiveRunner
from tests.runners.live import scripted

COUNT = 48
Settings = dict[str, Any]


def sums() -> dict[str, str]:
    """Question -> right answer."""
    return {f"What is {i} + {i + 1}?": str(2 * i + 1) for i in range(COUNT)}


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "questions.parquet"
    rows = [
        {"prompt_id": f"q{i:02d}", "prompt": prompt, "answer": answer, "grader": "number"}
        for i, (prompt, answer) in enumerate(sums().items())
    ]
    pd.DataFrame(rows).to_parquet(path)
    return path


@pytest.fixture
def settings(questions: Path, tmp_path: Path) -> Callable[..., Settings]:
    """The configuration of `live`, on two arms of one scripted backend, with overrides."""

    def made(*overrides: str) -> Settings:
        chosen = any(one.startswith("policy=") for one in overrides)
        with initialize_config_dir(str(CONF), version_base="1.3"):
            config = compose(
                "run",
                [
                    "+experiment=live",
                    "trace.dataset=null",
                    f"trace.prompts={questions}",
                    "features=hashed",
                    f"tracking.uri=sqlite:///{tmp_path}/mlflow.db",
                    "bootstrap.draws=50",
                    f"out={tmp_path / 'out'}",
                    "live.count=null",
                    "live.progress=false",
                    "live.retry.base_s=0.01",
                    "live.shadow_share=0",
                    *([] if chosen else ["policy=[random,linucb]"]),
                    *overrides,
                ],
            )
        plain: Any = OmegaConf.to_container(config, resolve=True)
        plain["live"]["backends"] = {"b": {"_target_": f"{__name__}.backend"}}
        plain["live"]["arms"] = {
            name: {"backend": "b", "model": name, "price_key": "smollm2-135m-instruct"}
            for name in ("good", "bad")
        }
        plain["live"]["examples"] = None
        return {str(key): value for key, value in plain.items()}

    return made


#: What the next backend is made with; set by tests.
NEXT: dict[str, Any] = {}
#: The backends that were made.
MADE: list[scripted.ScriptedBackend] = []


def backend() -> scripted.ScriptedBackend:
    """What `_target_` names."""
    made = scripted.ScriptedBackend(
        **{"answers": sums(), "wrong_on": ("bad",), "latency_s": 0.001, **NEXT}
    )
    MADE.append(made)
    return made


@pytest.fixture(autouse=True)
def _fresh_backends() -> None:
    NEXT.clear()
    MADE.clear()


@pytest.fixture
def run(settings: Callable[..., Settings], tmp_path: Path) -> Callable[..., LiveRunner]:
    """Run `live` with overrides, and settings of the backend as keywords."""

    def ran(*overrides: str, **of_backend: Any) -> LiveRunner:
        NEXT.clear()
        NEXT.update(of_backend)
        runner = LiveRunner(settings(*overrides), out=tmp_path / "out")
        runner.run()
        return runner

    return ran
