"""A study by the runner itself, with the seconds that its logging takes kept apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from benchmarks.problem import Problem
from gairp.replay.source import Outcomes
from gairp.report.study import Run, Study
from gairp.runners.replay.prepared import Prepared
from gairp.runners.replay.runner import StudyRunner
from gairp.traces.registry import locate
from gairp.tracking.writer import StudyWriter

CONF = Path(__file__).resolve().parent.parent / "conf"
PROMPTS, FEATURES, ARMS = 12_002, 81, 8  #: as mmlu_pro with the features of its experiment


class Stopwatch:
    """Wall and processor seconds, summed over everything that it was held over."""

    def __init__(self) -> None:
        self.wall = self.processor = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count what happens within."""
        wall, processor = perf_counter(), process_time()
        yield
        self.wall += perf_counter() - wall
        self.processor += process_time() - processor


class TimedStudy(StudyRunner):
    """Replays and logs in turns in one process, as the runner does with one worker."""

    def __init__(self, folder: Path, seeds: int) -> None:
        super().__init__(mmlu_pro_settings(folder, seeds), out=folder, workers=1)
        self.opening, self.logging, self.closing, self.all = (Stopwatch() for _ in range(4))
        self.recorded = _mirrored()
        self.children = 0

    def run(self) -> Path:
        """Everything but the report: open the store, replay and log every run, close."""
        from concurrent.futures import ThreadPoolExecutor

        prepared = self._prepare() if self.recorded else synthetic()
        with self.opening.running(), ThreadPoolExecutor(1) as background:
            writer = self._open(background.submit(_import_writer), prepared)
        with self.all.running():
            study = self._replay(prepared, writer)
        with self.closing.running():
            writer.log_study(dict(study.facts), {})
            writer.close()
        return self.out

    def _log(self, writer: StudyWriter, study: Study, run: Run, scratch: Path) -> None:
        with self.logging.running():
            super()._log(writer, study, run, scratch)
        self.children += 1


def mmlu_pro_settings(folder: Path, seeds: int) -> dict[str, Any]:
    """The experiment `mmlu_pro` as configured, on so many seeds and without its λ sweep."""
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    overrides = [
        "+experiment=mmlu_pro",
        f"seed={list(range(seeds))}",
        "sweep.cost_weights=[]",
        f"tracking.uri='sqlite:///{folder / 'mlflow.db'}'",
    ]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("run", overrides)
    settings: Any = OmegaConf.to_container(config, resolve=True)
    return dict(settings)


def synthetic() -> Prepared:
    """Outcomes of the shape of mmlu_pro, where there is no mirror of the recorded ones."""
    problem = Problem.seeded(n=PROMPTS, d=FEATURES, k=ARMS)
    order = np.random.default_rng(0).permutation(PROMPTS)
    train, validation = int(0.4 * PROMPTS), int(0.5 * PROMPTS)
    return Prepared(
        trace="synthetic",
        outcomes=Outcomes(
            arms=problem.arms,
            prompt_ids=problem.request_ids,
            features=problem.features,
            # Graded right or wrong, as multiple choice is.
            quality=(problem.quality > 0.5).astype(np.float64),
            cost_usd=problem.cost_usd,
        ),
        categories=("",) * PROMPTS,
        groups=np.arange(PROMPTS),
        parts={
            "train": np.sort(order[:train]),
            "validation": np.sort(order[train:validation]),
            "test": np.sort(order[validation:]),
        },
        cost_unit="USD per 1,000 requests",
        dropped=0,
        notes=(),
        facts={"trace": "synthetic"},
    )


def _mirrored() -> bool:
    from gairp.errors import DatasetAbsentError

    try:
        locate("mmlu_pro")
        locate("prices")
    except DatasetAbsentError:
        return False
    return True


def _import_writer() -> Any:
    return StudyWriter
