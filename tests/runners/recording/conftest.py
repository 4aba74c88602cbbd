"""The configurations of `record` and `refresh`, on a fake server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from gairp.run import CONF

Settings = dict[str, Any]
COUNT = 40


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """Questions whose answer is `right`; the last two have the same text."""
    path = tmp_path / "questions.parquet"
    words = (
        "lamp",
        "river",
        "night",
        "stone",
        "bread",
        "cloud",
        "horse",
        "glass",
        "paper",
        "wheel",
    )
    texts = [f"{words[i % 10]} {words[i // 10]} number {i}: say right" for i in range(COUNT)]
    texts[-1] = texts[-2]
    rows = [
        {"prompt_id": f"q{i:02d}", "prompt": text, "answer": "right", "grader": "text"}
        for i, text in enumerate(texts)
    ]
    pd.DataFrame(rows).to_parquet(path)
    return path


@pytest.fixture
def settings(questions: Path, tmp_path: Path) -> Callable[..., Settings]:
    """`settings(experiment, url, *overrides)`: arms `good` and `other` on models of these names."""

    def made(experiment: str, url: str, *overrides: str) -> Settings:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            config = compose(
                "run",
                [
                    f"+experiment={experiment}",
                    "live=url",
                    f"live.backends.server.base_url={url}",
                    f"out={tmp_path / experiment}",
                    "live.ceiling.usd=null",
                    "live.progress=false",
                    "live.retry.base_s=0.01",
                    "live.pacing.users=8",
                    "live.limits.default=8",
                    *overrides,
                ],
            )
        plain: Any = OmegaConf.to_container(config, resolve=True)
        plain["live"]["arms"] = {
            name: {"backend": "server", "model": name, "price_key": "smollm2-135m-instruct"}
            for name in ("good", "other")
        }
        return {str(key): value for key, value in plain.items()}

    return made
