"""From a log whose truth is known to the right answer, or to the reason why there is none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gairp.errors import ConfigError, DataError, TooEarlyError, UnknownNameError
from gairp.evaluate import CODES, with_policies
from gairp.ope.evaluation import Evaluation
from gairp.ope.refusal import Floor, Refusal
from gairp.records.compaction import compact
from gairp.records.events import Learned
from gairp.records.journal import Journal
from gairp.records.log import open_log
from gairp.runners.evaluate.chance import Chance
from gairp.runners.evaluate.judged import Judged
from gairp.runners.evaluate.report import markdown, verdict_line, write
from gairp.runners.evaluate.rows import RowReader
from gairp.runners.evaluate.runner import EvaluateRunner
from gairp.runners.evaluate.settings import Guard, Settings
from tests.conftest import ROOT
from tests.runners.evaluate.logs import ARMS, COST, QUALITY, SHARES, World, mixture

LINUCB = {"_target_": "gairp.policies.linucb.LinUCB", "alpha": 0.3, "ridge": 1.0}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return World().write(tmp_path_factory.mktemp("world") / "log")


def settings(log: Path, *names: str, **changed: Any) -> Settings:
    policies = {
        "linucb": LINUCB,
        "medium": mixture(0.1, 0.8, 0.1),
        "mostly_large": mixture(0.9, 0.05, 0.05),
        "same": mixture(*SHARES),
        "small": mixture(0.0, 0.0, 1.0),
    }
    given: dict[str, Any] = {
        "log": log, "out": log.parent / "out", "challengers": names, "policies": policies,
        "draws": 100, "max_weight": 4.0,
    }  # fmt: skip
    return Settings(**{**given, **changed})


def judged(log: Path, *names: str, **changed: Any) -> Judged:
    return EvaluateRunner(settings(log, *names, **changed)).judge()[0]


def test_rows_are_what_was_logged(log: Path) -> None:
    events = list(World().events())
    reader = RowReader(events[0])  # type: ignore[arg-type]
    for event in events:
        reader.feed(event)
    rows = reader.rows(skip=500, maturity_s=100.0)
    assert len(rows) == 2000 - 500 - 100
    assert (rows.young, rows.carried) == (100, 0)
    assert rows.arms == ARMS
    assert rows.ids[0] == "r500/0"
    assert (rows.logging == SHARES).all()
    assert (rows.propensities == SHARES[rows.actions]).all()
    assert (rows.cost_usd == COST[rows.actions]).all()
    assert rows.features[:, 0].tolist() == [1.0] * 1400
    hard = np.array(rows.labels["category"]) == "hard"
    assert (rows.features[:, 1] == hard).all()
    for kind in (0, 1):
        for arm in range(3):
            chosen = (hard == kind) & (rows.actions == arm)
            assert rows.quality[chosen].mean() == pytest.approx(QUALITY[kind, arm], abs=0.12)
    with pytest.raises(TooEarlyError, match="none is left"):
        reader.rows(skip=2000)


def test_a_log_that_is_too_young_is_asked_again_later(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    answer = EvaluateRunner(settings(log, "medium", out=out, train=5000)).run()
    assert (answer, CODES[answer]) == ("not enough data", 4)
    line = (
        "not enough data: learner 'router-0': of 2,000 first decisions none is left after the "
        "first 5,000 (train) and those younger than 0 s (maturity_s); log more requests"
    )
    told = json.loads((out / "verdict.json").read_text(encoding="utf-8"))
    assert told == {"verdict": "not enough data", "line": line, "rows": 0}
    assert f"**{line}**" in (out / "evaluation.md").read_text(encoding="utf-8")


def test_a_contextual_challenger_learns_and_is_promoted(log: Path) -> None:
    found = judged(log, "linucb", draws=300)
    best = found.best
    assert best.verdict.answer == "promote"
    assert len(found.rows) == 1400  # the first 30% were for learning
    evaluation = best.evaluation
    assert isinstance(evaluation, Evaluation)
    truth = QUALITY.max(axis=1).mean()
    for name in ("snips", "dr", "sndr"):
        assert evaluation[name].low < truth + 0.01
        assert evaluation[name].value == pytest.approx(truth, abs=0.05)
    assert found.champion_evaluation.diagnosis.max_weight == 1.0
    assert len(judged(log, "linucb", train=500).rows) == 1500
    assert verdict_line(found) == "promote: linucb against logged; shown: gain in quality above 0"
    by = {(one.by, one.label): one for one in best.slices}
    assert set(by) == {
        *(("tenant", "acme"), ("tenant", "bolt"), ("category", "easy"), ("category", "hard")),
    }
    easy = by["category", "easy"]
    assert easy.gain == pytest.approx(0.9 - QUALITY[0] @ SHARES, abs=0.08)
    assert easy.low < easy.gain < easy.high
    assert easy.p_value < 0.05


def test_a_worse_challenger_is_not(log: Path) -> None:
    found = judged(log, "small", futility_gain=0.2)
    assert found.best.verdict.answer == "keep"
    assert verdict_line(found).endswith("shown: gain in quality below 0.2")
    assert CODES[found.best.verdict.answer] == 3


def test_the_same_policy_is_not_worth_a_change(log: Path) -> None:
    found = judged(log, "same")
    assert found.best.verdict.answer == "keep"
    assert judged(log, "same", futility_gain=0.001).best.verdict.answer == "not enough data"
    same = found.best.evaluation
    assert isinstance(same, Evaluation)
    assert same["ips"].value == pytest.approx(same.logged_value)


def test_a_dearer_challenger_meets_its_guard(log: Path) -> None:
    guard = {"cost": Guard(margin=0.05, bound=4e-4), "latency": Guard(margin=None, bound=None)}
    found = judged(log, "mostly_large", guards=guard)
    assert found.best.verdict.answer == "keep"
    assert found.best.verdict.reasons == ("shown: cost above 1.05 × the champion's",)
    assert "latency" not in markdown(found)
    with pytest.raises(DataError, match=r"cost 0\.0004 USD, above the declared guards.cost.bound"):
        judged(log, "mostly_large", guards={"cost": Guard(margin=0.05, bound=1e-4)})
    with pytest.raises(ConfigError, match=r"guards\.cost\.bound must be set"):
        Guard(margin=0.05, bound=None).checked("cost")


def test_several_challengers_are_ranked_and_share_the_error_rate(log: Path, tmp_path: Path) -> None:
    found = judged(log, "linucb", "medium", "small")
    names = [one.name for one in found.ranking]
    assert (names[0], names[-1]) == ("linucb", "medium")
    assert set(names[1:3]) == {"small", "logged"}
    assert found.best.name == "linucb"
    assert "(medium: " in verdict_line(found)
    path = write(found, tmp_path)
    text = path.read_text(encoding="utf-8")
    assert "| claim | evidence (enough: 60) | shown at row |" in text
    told = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))
    assert told["verdict"] == "promote"
    assert set(told["challengers"]) == {"linucb", "medium", "small"}
    assert told["challengers"]["linucb"]["estimates"]["dr"]["value"] == pytest.approx(
        QUALITY.max(axis=1).mean(), abs=0.05
    )


def test_a_compacted_log_gives_the_same(log: Path, tmp_path: Path) -> None:
    compact(log, tmp_path / "parquet")
    one, other = judged(log, "medium"), judged(tmp_path / "parquet", "medium")
    assert markdown(one) == markdown(other)
    assert len(list(open_log(log))) == len(list(open_log(tmp_path / "parquet")))


def test_refused_without_a_number(log: Path) -> None:
    found = judged(log, "small", refuse=Floor(min_ess=1e4))
    assert isinstance(found.best.evaluation, Refusal)
    assert found.best.verdict.answer == "not enough data"
    assert CODES[found.best.verdict.answer] == 4
    assert verdict_line(found).startswith(
        "not enough data: small against logged; small: the effective sample size is "
    )
    assert "| snips" not in markdown(found)


def test_propensities_that_lie_are_noticed(tmp_path: Path) -> None:
    lying = World(n=1500, logged_as=(0.2, 0.4, 0.4)).write(tmp_path / "log")
    found = judged(lying, "medium")
    assert isinstance(found.best.evaluation, Refusal)
    assert "the mean weight is" in found.best.evaluation.reasons[0]


def test_missing_feedback_is_worst_case_for_the_gate(tmp_path: Path) -> None:
    thin = World(n=1500, feedback=0.4, graded_only=True).write(tmp_path / "log")
    found = judged(thin, "linucb", train=0, policies={"linucb": LINUCB})
    assert found.best.evaluation.diagnosis.missing == pytest.approx(0.6, abs=0.05)
    assert found.best.verdict.answer == "not enough data"
    share = found.best.evaluation.diagnosis.missing
    assert f"| rewards missing | {100 * share:.1f}% |" in markdown(found)


def test_known_chances_of_feedback_undo_what_is_missing(tmp_path: Path) -> None:
    chance, luck = Chance(good=0.3, bad=0.9), np.random.default_rng(5)
    with Journal(tmp_path / "log") as journal:
        for event in World(n=4000).events():
            told = isinstance(event, Learned)
            if not told or luck.random() < 0.9 - 0.6 * event.quality:  # type: ignore[union-attr]
                journal.append(event)
    truth = float(np.array([0.1, 0.8, 0.1]) @ QUALITY.mean(axis=0))
    naive, known = (
        judged(tmp_path / "log", "medium", observed=one).challenged[0].evaluation
        for one in (None, chance)
    )
    assert isinstance(naive, Evaluation)
    assert isinstance(known, Evaluation)
    for one, other in zip(naive.estimates, known.estimates, strict=True):
        if one.name in ("ips", "snips", "dr", "sndr"):
            assert one.high < truth - 0.1  # the unhappy speak more often
            assert other.low < truth < other.high
    with pytest.raises(DataError, match="does not fit the log: feedback on"):
        judged(tmp_path / "log", "medium", observed=Chance(good=0.9, bad=0.3))
    assert Chance.of({"good": None, "bad": None}) is None
    with pytest.raises(ConfigError, match="give both, or neither"):
        Chance.of({"good": 0.5, "bad": None})
    with pytest.raises(ConfigError, match="give chances above 0"):
        Chance(good=0.0, bad=0.5)


def test_a_feature_that_the_log_lacks_is_named(tmp_path: Path, log: Path) -> None:
    with pytest.raises(UnknownNameError, match="'minilm'"):
        judged(log, "linucb", reads="minilm")
    bare = World(n=50, features=False).write(tmp_path / "log")
    with pytest.raises(DataError, match=r"'linucb' .* it cannot decide .*reads features"):
        judged(bare, "linucb")


def test_mistakes_are_told(log: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="unknown policy 'nobody'"):
        settings(log, "nobody")
    with pytest.raises(ConfigError, match=r"train is 1\.5"):
        settings(log, "small", train=1.5)
    with pytest.raises(UnknownNameError, match="unknown slice 'weather'"):
        settings(log, "small", slices=("weather",))
    with pytest.raises(ConfigError, match="'nobody', which is not in the log; there are: router-0"):
        judged(log, "small", learner="nobody")
    with pytest.raises(DataError, match=r"row \d+ has the weight 4, above max_weight = 2"):
        judged(log, "small", max_weight=2.0)
    silent = World(n=30, feedback=0.0).write(tmp_path / "silent")
    with pytest.raises(DataError, match="none of the 30 decisions has a quality"):
        judged(silent, "small")
    state = tmp_path / "state"
    state.write_bytes(b"nothing")
    with pytest.raises(DataError, match="challenger 'linucb'"):
        judged(log, "linucb", state=state)


def test_the_policies_of_the_command_are_composed() -> None:
    assert with_policies(["champion=logged", "challenger=linucb", "log=x"])[-1] == "policy=[linucb]"
    several = with_policies(["challenger=[linucb,ucb1]", "champion=ucb1"])
    assert several[-1] == "policy=[linucb,ucb1]"
    assert with_policies(["challenger=a", "policy=[b]"]) == ["challenger=a", "policy=[b]"]
    assert with_policies(["log=x"]) == ["log=x"]


def test_the_command_and_its_exit_code(log: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "gairp.evaluate", "challenger=linucb", f"log={log}"),
            *("guards.cost.bound=4e-4", "guards.cost.margin=1.0", "guards.latency.margin=null"),
            *("draws=50", f"hydra.run.dir={tmp_path}"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == CODES["promote"] == 0, done.stderr
    assert done.stdout.rstrip().splitlines()[-1] == (
        "promote: linucb against logged; shown: gain in quality above 0; shown: cost below 2 × "
        "the champion's"
    )
    assert (tmp_path / "verdict.json").exists()
