"""Learning on one trace and reporting on another that shares arms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from gairp.errors import ConfigError
from gairp.rewards import Utility
from gairp.run import CONF
from gairp.runners.replay.job import Job, Protocol, run_job
from gairp.runners.replay.preparing import prepare

WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "jetty")


def table(path: Path, arms: tuple[str, ...], n: int, *, seed: int, shared: int = 0) -> str:
    """n prompts of five words; the first `shared` are the same whatever the seed."""
    common, own = np.random.default_rng(99), np.random.default_rng(seed)
    lines = ["prompt_id,model,score,cost_usd,prompt,category"]
    for i in range(n):
        rng = common if i < shared else own
        text = " ".join(rng.choice(WORDS, size=6)) + f" {rng.integers(10**6)}"
        for k, arm in enumerate(arms):
            lines.append(f"{i},{arm},{(i + k + seed) % 2},{0.001 * (k + 1)},{text},c{seed}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    """`home` has arms a, b, c; `away` has c, b, d, and 10 of its 40 prompts are home's."""
    home = table(tmp_path / "home.csv", ("a", "b", "c"), 60, seed=1, shared=10)
    away = table(tmp_path / "away.csv", ("c", "b", "d"), 40, seed=2, shared=10)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(
            "run",
            [
                "trace=custom", "+trace@train_trace=custom", "features=hashed",
                f"trace.path={home}", f"train_trace.path={away}", "trace.name=home",
                "train_trace.name=away", "policy=[logistic]", "policies.logistic.c=1.0",
                "+policies.at_home=${policies.logistic}", "+protocol.fit_of={at_home: target}",
            ],
        )  # fmt: skip
    plain: Any = OmegaConf.to_container(config, resolve=True)
    return dict(plain)


def shift(settings: dict[str, Any]) -> Any:
    return prepare(
        settings["trace"], settings["features"], Utility(), seed=0,
        learned_on=settings["train_trace"],
    )  # fmt: skip


def test_parts_come_from_their_traces(settings: dict[str, Any]) -> None:
    prepared = shift(settings)
    alone = prepare(settings["trace"], settings["features"], Utility(), seed=0)
    assert prepared.arms == ("b", "c")
    ids = prepared.outcomes.prompt_ids
    test = [ids[i] for i in prepared.rows("test")]
    assert test == [alone.outcomes.prompt_ids[i] for i in alone.rows("test")]
    assert all(ids[i].startswith("away/") for i in prepared.rows("train"))
    at_home = {ids[i] for i in prepared.rows("target")}
    assert at_home == {alone.outcomes.prompt_ids[i] for i in alone.rows("train")}
    np.testing.assert_array_equal(
        prepared.outcomes.quality[prepared.rows("test")],
        alone.outcomes.quality[alone.rows("test")][:, [1, 2]],
    )
    assert prepared.facts["trace"] == "home"
    assert prepared.facts["train_trace"] == "away"


def test_no_prompt_of_test_is_learned_elsewhere(settings: dict[str, Any]) -> None:
    prepared = shift(settings)
    asked = set(prepared.groups[prepared.rows("test")].tolist())
    for part in ("train", "validation", "target"):
        assert not asked & set(prepared.groups[prepared.rows(part)].tolist())
    # Of the ten that both traces have, those that home tests were dropped from away's parts.
    shared = [i for i in prepared.rows("test") if int(prepared.outcomes.prompt_ids[i]) < 10]
    assert 0 < len(shared) < 10
    notes = [note for note in prepared.notes if "near-duplicates of a later part" in note]
    assert 0 < sum(int(note.split()[0]) for note in notes) <= len(shared)


def test_a_router_at_home_is_fitted_there(settings: dict[str, Any]) -> None:
    prepared = shift(settings)
    protocol = Protocol(**settings["protocol"])
    assert (protocol.fitted_on("logistic"), protocol.fitted_on("at_home")) == ("train", "target")
    runs = {
        name: run_job(
            prepared,
            Job(policy=name, config=config, seed=0, utility={}, protocol=protocol),
        )
        for name, config in settings["policies"].items()
        if "_target_" in config
    }
    expected = {}
    for name, part in (("logistic", "train"), ("at_home", "target")):
        score = prepared.outcomes.quality[prepared.rows(part)]
        expected[name] = score.mean()
        predicted = runs[name].predicted
        assert predicted is not None
        # A penalised logistic regression with an intercept keeps the mean of what it was fitted on.
        assert predicted.mean() == pytest.approx(expected[name], abs=0.1)
    assert runs["logistic"].arms.tolist() != runs["at_home"].arms.tolist()


def test_what_cannot_be_shifted_is_said(settings: dict[str, Any], tmp_path: Path) -> None:
    settings["train_trace"]["path"] = table(tmp_path / "no.csv", ("d", "b"), 20, seed=3)
    with pytest.raises(ConfigError, match="share 1 arms"):
        shift(settings)
    settings["train_trace"]["path"] = table(tmp_path / "yes.csv", ("c", "b"), 20, seed=3)
    settings["train_trace"]["cost"] = {"strong": "c"}
    with pytest.raises(ConfigError, match=r"set trace\.cost and train_trace.cost alike"):
        shift(settings)
    with pytest.raises(ConfigError, match=r"protocol\.fit_of\.x are both 'test'"):
        Protocol(fit_of={"x": "test"})
