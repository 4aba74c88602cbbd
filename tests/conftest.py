"""Fixtures that every test may use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_MIRROR = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def data_mirror() -> Path:
    """The folder of converted tables; skips, saying so, where there is none."""
    folder = Path(os.environ.get("GAIRP_DATA_MIRROR") or DEFAULT_MIRROR)
    if not (folder / "mmlu_pro" / "outcomes.parquet").exists():
        pytest.skip("no data mirror: set GAIRP_DATA_MIRROR to the folder of converted tables")
    return folder


@pytest.fixture(autouse=True)
def _no_ambient_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A test sees neither the user's cache nor the user's tracking server."""
    monkeypatch.setenv("GAIRP_DATA_DIR", str(tmp_path / "gairp-data"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture(scope="session")
def tiny_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with outcomes.parquet and prompts.parquet: 120 prompts, three arms.

    Sums are easy for every arm, poems only for the large one, code only for the coder: a router
    that reads the prompt can beat any mix.
    """
    rng = np.random.default_rng(5)
    skill = {
        "small": {"sum": 0.9, "poem": 0.1, "code": 0.2},
        "coder": {"sum": 0.9, "poem": 0.2, "code": 0.9},
        "large": {"sum": 0.95, "poem": 0.9, "code": 0.6},
    }
    price = {"small": 1e-4, "coder": 4e-4, "large": 1e-3}
    kinds = [("sum", "poem", "code")[i % 3] for i in range(120)]
    words = rng.choice(["river", "stone", "cloud", "lamp", "bread", "wheel", "glass"], (120, 3))
    prompts = pd.DataFrame(
        {
            "prompt_id": [f"p{i:03d}" for i in range(120)],
            "prompt": [
                f"Please do this {kind} number {i}: {' '.join(words[i])}"
                for i, kind in enumerate(kinds)
            ],
            "category": kinds,
        }
    )
    outcomes = pd.DataFrame(
        [
            {
                "prompt_id": f"p{i:03d}",
                "model": arm,
                "score": float(rng.random() < skill[arm][kind]),
                "input_tokens": 20 + i % 7,
                "output_tokens": 30 + i % 11,
                "cost_usd": price[arm] * float(rng.uniform(0.5, 1.5)),
                "latency_s": 1000 * price[arm] * float(rng.uniform(0.5, 1.5)),
            }
            for i, kind in enumerate(kinds)
            for arm in skill
        ]
    )
    folder = tmp_path_factory.mktemp("tiny")
    outcomes.to_parquet(folder / "outcomes.parquet")
    prompts.to_parquet(folder / "prompts.parquet")
    return folder


class FinishedStudy(NamedTuple):
    """A study that has run to its report."""

    uri: str  #: of its tracking store
    run_id: str
    report: Path
    output: str  #: what it printed


@pytest.fixture(scope="session")
def finished_study(tiny_tables: Path, tmp_path_factory: pytest.TempPathFactory) -> FinishedStudy:
    """The policy and the table that the documentation adds, run as it says, on the tiny tables.

    It takes some fifteen seconds, most of it to import MLflow and make a store: share it.
    """
    folder = tmp_path_factory.mktemp("study")
    outcomes = pd.read_parquet(tiny_tables / "outcomes.parquet")
    names = {"score": "score", "cost_usd": "usd", "latency_s": "seconds"}
    wide = outcomes.pivot(index="prompt_id", columns="model", values=list(names))
    wide.columns = pd.Index(["_".join((pair[1], names[pair[0]])) for pair in wide.columns])
    prompts = pd.read_parquet(tiny_tables / "prompts.parquet").set_index("prompt_id")
    prompts = prompts.rename(columns={"prompt": "question", "category": "product"})
    prompts.join(wide).rename_axis("ticket").to_csv(folder / "tickets.csv")
    uri = f"sqlite:///{folder}/mlflow.db"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "gairp.run", "--config-dir", "docs/examples/conf"),
            *("+experiment=custom", "trace=tickets", f"trace.path={folder}/tickets.csv"),
            *("policy=[random,linucb,boltzmann]", "primary=boltzmann", "comparators=[random]"),
            *("name=tickets", "seed=[0,1]", "features=hashed_metadata", "bootstrap.draws=50"),
            *("workers=1", f"out={folder}", f"hydra.run.dir={folder}/hydra"),
        ],
        cwd=ROOT,
        env={**os.environ, "GAIRP_DATA_DIR": str(folder / "data"), "MLFLOW_TRACKING_URI": uri},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    run_id = done.stdout.rpartition("MLflow  run ")[2].split()[0]
    return FinishedStudy(uri, run_id, folder / "report", done.stdout)
