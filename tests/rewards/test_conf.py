"""Every grader and rubric in conf/ builds, by its name on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import OmegaConf

from gairp.rewards.graders import Grader
from gairp.rewards.judges import PointwiseJudge, Rubric
from gairp.run import CONF
from tests.rewards.graders.asking import graded
from tests.rewards.judges.bench import Bench

#: What some graders must be told.
JUDGE = [
    "grader.arm.model=m",
    "grader.backend={_target_: tests.rewards.test_conf.yes_bench}",
]
REQUIRED = {
    "choice": ["grader.labels=[A,B]"],
    "judge": JUDGE,
    "pairwise_judge": JUDGE,
}


def yes_bench() -> Bench:
    return Bench(lambda request: "Verdict: yes")


def options(group: str) -> list[str]:
    return sorted(path.stem for path in Path(CONF, group).glob("*.yaml"))


def built(name: str, *overrides: str) -> Any:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("run", [f"+grader={name}", *REQUIRED.get(name, []), *overrides])
    plain = OmegaConf.to_container(config.grader, resolve=True)
    return instantiate(plain, _convert_="all")


@pytest.mark.parametrize("name", options("grader"))
def test_every_grader_builds(name: str) -> None:
    grader = built(name)
    assert isinstance(grader, Grader)
    assert grader.name == name


@pytest.mark.parametrize("name", options("rubric"))
def test_every_rubric_builds_and_reads_its_own_labels(name: str) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("run", [f"+rubric={name}"])
    rubric = instantiate(OmegaConf.to_container(config.rubric), _convert_="all")
    assert isinstance(rubric, Rubric)
    for label in rubric.labels:
        assert rubric.read(f"Because it is so.\n{rubric.marker}: {label}") == label
    fields = {"question": "q", "answer": "a", "first": "f", "second": "s"}
    texts = [message["content"] for message in rubric.messages(fields, "r")]
    assert "{" not in texts[-1].replace('{"', "")


def test_a_judge_takes_another_rubric() -> None:
    judge = built("judge", "rubric@grader.rubric=correct_small")
    assert isinstance(judge, PointwiseJudge)
    assert len(judge.rubric.examples) == 4
    assert graded(judge, "4", "four").quality == 1.0
