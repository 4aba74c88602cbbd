"""The masked logs are what they say, and the study runs from a table to its report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from scipy.stats import binom

from gairp.errors import ConfigError, UnknownNameError
from gairp.run import CONF
from gairp.runners.ope_truth.chunks import gathered
from gairp.runners.ope_truth.coverage import Coverage
from gairp.runners.ope_truth.loggers import Adaptive, Logger, Static
from gairp.runners.ope_truth.parts import Design, parts
from gairp.runners.ope_truth.peeking import Gating
from gairp.runners.ope_truth.runner import OpeTruthRunner
from gairp.runners.ope_truth.tables import peeking_table
from gairp.runners.ope_truth.world import World

STREAMS = 40


@pytest.fixture(scope="module")
def world() -> World:
    rng = np.random.default_rng(0)
    categories = rng.integers(3, size=400)
    skill = np.array([[0.9, 0.4, 0.3], [0.2, 0.8, 0.5], [0.5, 0.5, 0.6]])
    scores = (rng.random((400, 3)) < skill[categories]).astype(float)
    return World(scores, categories, ("a", "b", "c"))


def test_values_are_those_of_the_table(world: World) -> None:
    first = np.tile([1.0, 0.0, 0.0], (3, 1))
    assert world.value(first) == pytest.approx(world.scores[:, 0].mean())
    assert world.value(world.uniform()) == pytest.approx(world.scores.mean())
    better = world.by_category(0.05)
    assert world.value(better) > world.value(world.favourite(1.0))
    mixed = world.at_value(0.6, world.uniform(), better)
    assert world.value(mixed) == pytest.approx(0.6)
    assert mixed.sum(axis=1) == pytest.approx(1.0)
    with pytest.raises(ConfigError, match=r"no mixture of these policies is worth 0\.9900"):
        world.at_value(0.99, world.uniform(), better)


@pytest.mark.parametrize("logger", [Static(np.array([[0.5, 0.3, 0.2]] * 3)), Adaptive(epsilon=0.3)])
def test_logs_have_true_propensities(world: World, logger: Logger) -> None:
    log = logger.draw(world, STREAMS, 2000, np.random.default_rng(1), keep=True)
    assert log.logging is not None
    chosen = np.take_along_axis(log.logging, log.actions[..., None], axis=2)[..., 0]
    assert (chosen == log.propensities).all()
    assert log.logging.sum(axis=2) == pytest.approx(1.0)
    target = world.by_category(0.1)
    weights = log.weights(target)
    noise = weights.std() / np.sqrt(weights.size)
    assert weights.mean() == pytest.approx(1.0, abs=4 * noise)
    returns = weights * log.rewards
    noise = returns.std() / np.sqrt(returns.size)
    assert returns.mean() == pytest.approx(world.value(target), abs=4 * noise)


def test_an_adaptive_logger_learns_and_never_looks_ahead(world: World) -> None:
    logger = Adaptive(epsilon=0.3, block=50)
    log = logger.draw(world, STREAMS, 2000, np.random.default_rng(1), keep=True)
    assert log.logging is not None
    favourite = log.logging.argmax(axis=2)
    assert (favourite[:, :50] == 0).all()  # nothing is known yet: the first arm
    best = world.means.argmax(axis=1)
    assert (favourite == best[log.categories])[:, -200:].mean() > 0.9
    assert log.rewards[:, -200:].mean() > log.rewards[:, :50].mean() + 0.05
    again = logger.draw(world, STREAMS, 1000, np.random.default_rng(1), keep=True)
    assert again.logging is not None
    assert (again.logging[:, :50] == log.logging[:, :50]).all()


def test_parts_that_differ_in_one_thing(world: World) -> None:
    design = Design(n=300, gate_n=200, power_n=300, gain=0.01, epsilon=0.3, draws=30)
    found = parts(world, design)
    equal, better, uniform = found["gate, equal"], found["gate, better"], found["uniform"]
    assert isinstance(equal, Gating)
    assert isinstance(better, Gating)
    assert isinstance(uniform, Coverage)
    assert world.value(equal.challenger) == pytest.approx(world.value(equal.champion))
    gain = world.value(better.challenger) - world.value(better.champion)
    assert gain == pytest.approx(0.01)
    values, names = uniform.run(3, np.random.default_rng(0)), uniform.names
    assert values.shape == (3, len(names), 4)
    snips = values[:, names.index("snips")]
    assert (snips[:, 1] < snips[:, 0]).all()
    assert (snips[:, 0] < snips[:, 2]).all()
    assert found["sequence"].run(3, np.random.default_rng(0)).shape == (3, 2)
    assert set(equal.run(3, np.random.default_rng(0))[:, 0]) <= {-1.0, 0.0, 1.0}


def test_chunks_are_done_once(tmp_path: Path) -> None:
    calls: list[int] = []

    def run(size: int, rng: np.random.Generator) -> np.ndarray:
        calls.append(size)
        return rng.random((size, 2))

    told: list[str] = []
    first = gathered(tmp_path, "part", run, count=120, seed=1, told=told.append)
    assert calls == [50, 50, 20]
    assert told == ["part: 50 of 120", "part: 100 of 120", "part: 120 of 120"]
    (tmp_path / "part" / "0001-50.npy").unlink()
    again = gathered(tmp_path, "part", run, count=120, seed=1, told=told.append)
    assert calls == [50, 50, 20, 50]
    assert (again == first).all()


def test_rates_are_tested_one_sided() -> None:
    missed = np.zeros((200, 2))
    missed[:25, 0] = 1.0
    answers = np.column_stack([np.r_[np.ones(5), np.zeros(195)], np.full(200, 100.0)])
    table = peeking_table(missed, answers, answers, 0.05)
    found = {str(row.what): row for row in table.itertuples()}
    missing, equal = (
        found["confidence sequence ever misses"],
        found["gate promotes an equal challenger"],
    )
    assert (missing.events, missing.rate) == (25, 0.125)
    assert missing.p_value == pytest.approx(binom.sf(24, 200, 0.05))
    assert equal.p_value == pytest.approx(binom.sf(4, 200, 0.05))
    assert found["gate promotes a better challenger"].median_row == 100.0


def test_the_study_runs_from_the_embedded_data(tmp_path: Path) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("run", overrides=["+experiment=ope_truth", "trace=local_llm"])
    settings: Any = OmegaConf.to_container(config, resolve=True)
    given = {key: value for key, value in settings["runner"].items() if key != "_target_"}
    design = {**given["design"], "n": 300, "gate_n": 100, "power_n": 200, "draws": 20}
    given |= {
        "replications": dict.fromkeys(given["replications"], 3), "design": design,
        "work": tmp_path / "work", "out": tmp_path / "out",
    }  # fmt: skip
    runner = OpeTruthRunner(trace=settings["trace"], **given)
    path = runner.run()
    assert path == tmp_path / "out" / "report.md"
    table = pd.read_csv(tmp_path / "out" / "coverage.csv")
    assert list(dict.fromkeys(table["logger"])) == ["uniform", "favourite", "adaptive", "thin"]
    assert (table.groupby("logger")["estimator"].count() == 14).all()
    assert (tmp_path / "out" / "figures" / "coverage.png").stat().st_size > 10_000
    with pytest.raises(UnknownNameError, match="unknown part in `only` 'nothing'"):
        OpeTruthRunner(trace=settings["trace"], **{**given, "only": ["nothing"]}).run()
