"""The grader of the documentation does what the page says."""

from __future__ import annotations

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from docs.examples.brief import Brief
from gairp.errors import ConfigError
from gairp.rewards.graders import get_grader
from gairp.run import CONF
from tests.conftest import ROOT
from tests.rewards.graders.asking import graded


def test_the_example_grades() -> None:
    assert graded(Brief(words=4), "It is Oslo.", "Oslo").quality == 1.0
    long = graded(Brief(words=4), "I believe it must be Oslo, in Norway.", "Oslo")
    assert (long.quality, long.reason) == (0.5, "named, in 8 words")
    assert graded(Brief(), "It is Bergen.", "Oslo").reason == "'Oslo' is not named"
    assert graded(Brief(), " ", "Oslo").status == "no_answer"
    with pytest.raises(ConfigError, match=r"grader\.words is 0"):
        Brief(words=0)


def test_the_example_is_an_option_of_a_live_run() -> None:
    folder = ROOT / "docs" / "examples" / "conf"
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(
            "run",
            [
                f"hydra.searchpath=[file://{folder}]",
                "+experiment=live",
                "+grader@live.grader=brief",
            ],
        )
    grader = instantiate(config.live.grader, _convert_="all")
    assert isinstance(grader, Brief)
    assert grader.words == 20


def test_the_page_begins_with_what_is_so() -> None:
    grade = graded(get_grader("number"), "12 + 30 = 42", "42")
    printed = f"{grade.quality} {grade.status} {grade.reason}"
    assert f"prints `{printed}`" in (ROOT / "docs" / "graders.md").read_text(encoding="utf-8")
