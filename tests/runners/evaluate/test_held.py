"""What the registry holds is judged as it would be served, and promoted as it is."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gairp.errors import ConfigError, DataError
from gairp.evaluate import CODES, with_policies
from gairp.runners.evaluate.promotion import promoted
from gairp.runners.evaluate.runner import EvaluateRunner
from gairp.runners.evaluate.settings import Registry, Settings
from gairp.runners.replay_log.held import held, with_held
from gairp.runners.replay_log.runner import ReplayLogRunner
from gairp.tracking.registry import PolicyRegistry
from tests.conftest import ROOT
from tests.runners.evaluate.logs import ARMS, World
from tests.runners.evaluate.test_evaluate import LINUCB

# Of MLflow and its store; nothing of ours warns there.
pytestmark = pytest.mark.filterwarnings("ignore")
ADDRESS = "models:/router@challenger"
TOLD = ["guards.cost.margin=null", "guards.latency.margin=null", "draws=50", "max_weight=4"]


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A registry whose challenger has learned from a log of its own."""
    folder = tmp_path_factory.mktemp("registry")
    log = World(n=600, seed=5).write(folder / "log")
    settings = Settings(
        log=log, out=folder, challengers=("linucb",), policies={"linucb": LINUCB}, draws=50
    )
    _, candidates = EvaluateRunner(settings).judge()
    found = f"sqlite:///{folder}/mlflow.db"
    promoted(candidates["linucb"], Registry(uri=found, alias="challenger"), "trained")
    return found


def settings(uri: str, log: Path, challenger: Any = ADDRESS, **changed: Any) -> Settings:
    given = {"challenger": challenger, "champion": "logged", "policies": {"linucb": LINUCB}}
    composed, held = with_held({**given, **changed.pop("given", {})}, uri)
    return Settings(
        log=log, out=log.parent, challengers=tuple(composed["challenger"]),
        champion=composed["champion"], policies=composed["policies"], held=held, draws=50,
        max_weight=4.0, **changed,
    )  # fmt: skip


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return World(n=700, seed=1).write(tmp_path_factory.mktemp("world") / "log")


def test_it_is_judged_on_the_whole_log_in_the_state_that_it_has(uri: str, log: Path) -> None:
    judged, candidates = EvaluateRunner(settings(uri, log)).judge()
    (candidate,) = candidates.values()
    held = candidate.held
    assert held is not None
    assert held.uri == candidate.name == "models:/router/1"
    assert len(judged.rows) == 700
    assert judged.best.verdict.answer == "promote"
    assert candidate.learned == 0
    assert candidate.policy.save() == held.state
    assert candidate.policy.state_version > 100
    # Told to, it learns on before it is judged.
    more, candidates = EvaluateRunner(settings(uri, log, train=200)).judge()
    assert len(more.rows) == 500
    assert candidates["models:/router/1"].learned == 199
    assert candidates["models:/router/1"].policy.save() != held.state


def test_an_untrained_one_beside_it_learns_and_it_does_not(uri: str, log: Path) -> None:
    judged, candidates = EvaluateRunner(settings(uri, log, [ADDRESS, "linucb"])).judge()
    assert len(judged.rows) == 490
    assert candidates["linucb"].learned == 209
    assert candidates["models:/router/1"].learned == 0


def test_a_configuration_with_an_address_is_that_policy(uri: str, log: Path) -> None:
    policies = {"mine": {"uri": ADDRESS, "subset": False}}
    found = settings(uri, log, "mine", given={"policies": policies})
    assert found.challengers == ("models:/router/1",)
    assert list(found.held) == ["models:/router/1"]


def test_a_log_says_how_far_it_agrees(uri: str, log: Path, tmp_path: Path) -> None:
    runner = ReplayLogRunner(log=log, out=tmp_path, held=[held(ADDRESS, uri)])
    with runner.run().open() as file:
        (row,) = csv.DictReader(file)
    assert row["challenger"] == "models:/router/1"
    assert (row["decisions"], row["learned"]) == ("700", "700")
    # Sure of itself from the first: `small` is best on half of the requests, `large` on the others.
    assert float(row["same arm"]) == pytest.approx(0.5 * 0.5 + 0.5 * 0.25, abs=0.06)


def test_a_promotion_moves_the_alias_and_registers_nothing(uri: str, log: Path) -> None:
    _, candidates = EvaluateRunner(settings(uri, log)).judge()
    told = promoted(candidates["models:/router/1"], Registry(uri=uri), "promote: it is better")
    assert told == "champion of router now is version 1, for the first time"
    store = PolicyRegistry(uri)
    assert store.get_alias("router", "champion") == "1"
    assert store.client.get_model_version("router", "1").tags["verdict"] == "promote: it is better"
    # What has learned since is another version, and one for another model as well.
    _, learned = EvaluateRunner(settings(uri, log, train=200)).judge()
    assert "version 2, from version 1" in promoted(learned["models:/router/1"],
                                                   Registry(uri=uri), "x")  # fmt: skip
    told = promoted(candidates["models:/router/1"], Registry(uri=uri, model="other"), "x")
    assert told == "champion of other now is version 1, for the first time"
    document = dict(store.document("other", "1"))
    assert document == store.document("router", "1")


def test_what_does_not_fit_the_log_is_named(uri: str, log: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no version of 'router' has the alias 'nobody'"):
        settings(uri, log, "models:/router@nobody")
    store = PolicyRegistry(uri)
    document = store.document("router", "1")
    for changed, error, told in (
        ({"trained_for": {"arms": [*ARMS, "new"]}}, ConfigError, "trained for the arms large, med"),
        ({"features": {"": "others"}}, DataError, "reads the features others, and the log of"),
    ):
        version = store.register("odd", {**document, **changed})
        with pytest.raises(error, match=told):
            EvaluateRunner(settings(uri, log, f"models:/odd/{version}")).judge()


def test_the_command_takes_an_address(uri: str, log: Path, tmp_path: Path) -> None:
    assert with_policies([f"challenger=[{ADDRESS},linucb]"])[-1] == "policy=[linucb]"
    assert with_policies([f"challenger={ADDRESS}", "log=x"]) == [f"challenger={ADDRESS}", "log=x"]
    done = subprocess.run(
        [sys.executable, "-m", "gairp.evaluate", f"challenger={ADDRESS}", f"log={log}", *TOLD,
         f"registry.uri={uri}", f"hydra.run.dir={tmp_path}"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == CODES["promote"] == 0, done.stderr
    assert done.stdout.rstrip().splitlines()[-1] == (
        "promote: models:/router/1 against logged; shown: gain in quality above 0"
    )
