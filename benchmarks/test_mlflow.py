"""What logging a study costs beside replaying it."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.side_by_side import note, pedantic
from benchmarks.timed_study import TimedStudy

pytestmark = [
    pytest.mark.benchmark(timer=perf_counter),
    # MLflow's own use of its dependencies is not for us to mend.
    pytest.mark.filterwarnings("ignore"),
]

SEEDS = 20


def test_logging_against_replay(
    benchmark: BenchmarkFixture, tmp_path: Path, study_seeds: int
) -> None:
    study = TimedStudy(tmp_path, study_seeds)
    pedantic(benchmark, study.run, rounds=1)
    assert study.children == 8 * study_seeds
    # Opening and closing are done once a study, all else once a seed.
    more = SEEDS / study_seeds
    once = study.opening.wall + study.closing.wall
    replay = more * (study.all.wall - study.logging.wall)
    logging = once + more * study.logging.wall
    processor = study.opening.processor + study.closing.processor
    processor += more * study.logging.processor
    data = "mmlu_pro" if study.recorded else "synthetic outcomes of the shape of mmlu_pro"
    scaled = "" if study_seeds == SEEDS else f", scaled to {SEEDS}"
    note(
        benchmark,
        key="mlflow_share",
        target=1.0,
        ratio=logging / replay,
        text=f"{logging:.1f} s of logging ({processor:.1f} s of processor); replay {replay:.1f} s; "
        f"{data}, {study.children} runs{scaled}",
    )
