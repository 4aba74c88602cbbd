"""A trained policy goes through the registry and decides as it did; for others it is refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from gairp.errors import ConfigError
from gairp.features import HashedNgrams
from gairp.gateway.learners.follow import AliasFollower
from gairp.run import CONF
from gairp.runners.registered import with_registered
from gairp.runners.replay.job import run_job
from gairp.runners.replay.runner import StudyRunner
from gairp.runners.train.model import _load_pyfunc
from gairp.runners.train.runner import TrainRunner
from gairp.tracking.registry import PolicyRegistry

pytestmark = pytest.mark.filterwarnings("ignore")


def settings(tables: Path, uri: str, *overrides: str) -> dict[str, Any]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(
            "run",
            [
                "+experiment=train",
                "trace=custom",
                f"trace.path={tables / 'outcomes.parquet'}",
                f"trace.prompts={tables / 'prompts.parquet'}",
                "trace.split.fractions={train: 0.5, validation: 0.25, test: 0.25}",
                f"tracking.uri={uri}",
                *overrides,
            ],
        )
    plain: Any = OmegaConf.to_container(config, resolve=True)
    return {str(key): value for key, value in plain.items()}


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('tracking')}/mlflow.db"


@pytest.fixture(scope="module")
def trained(tiny_tables: Path, uri: str) -> str:
    """The registered version of a calibrated router."""
    runner = TrainRunner(settings(tiny_tables, uri), model="tiny", alias="champion")
    return runner.run()


def study(tables: Path, uri: str, out: Path, *overrides: str) -> StudyRunner:
    return StudyRunner(settings(tables, uri, *overrides), out=out, workers=1)


LOADED = ("policy=registered", "policies.registered.uri=models:/tiny@champion")


def columns(runner: StudyRunner) -> Any:
    prepared = runner._prepare()
    (job,) = runner._jobs([0])
    return run_job(prepared, job)


def test_a_study_replays_what_was_trained(
    tiny_tables: Path, uri: str, trained: str, tmp_path: Path
) -> None:
    """The same choices as the router that the study fits itself, on the same rows and seed."""
    loaded = columns(study(tiny_tables, uri, tmp_path, *LOADED))
    fitted = columns(study(tiny_tables, uri, tmp_path))
    assert np.array_equal(loaded.arms, fitted.arms)
    assert np.array_equal(loaded.rows, fitted.rows)


def test_the_configuration_names_the_version(
    tiny_tables: Path, uri: str, trained: str, tmp_path: Path
) -> None:
    runner = study(tiny_tables, uri, tmp_path, *LOADED)
    runner._prepare()
    assert runner.settings["policies"]["registered"]["source"] == trained == "models:/tiny/1"
    nested = {"_target_": "x", "policy": {"uri": trained}, "floor": 0.1}
    found, (one,) = with_registered({**runner.settings, "policies": {"outer": nested}})
    assert found["policies"]["outer"]["policy"]["source"] == trained
    assert one.who == "policies.outer.policy: models:/tiny/1"


def test_a_floor_goes_along(tiny_tables: Path, uri: str, tmp_path: Path) -> None:
    where = TrainRunner(settings(tiny_tables, uri, "floor=0.3"), model="floored").run()
    load = ("policy=registered", f"policies.registered.uri={where}")
    run = columns(study(tiny_tables, uri, tmp_path, *load))
    assert set(run.propensity.round(9)) == {0.1, 0.8}  # floor / 3, and the rest of the mass
    document = PolicyRegistry(uri).document("floored", "1")
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(document))
    assert _load_pyfunc(str(file)).router.predict == "quality"


def test_other_arms_are_refused_by_name(
    tiny_tables: Path, uri: str, trained: str, tmp_path: Path
) -> None:
    few = (*LOADED, "trace.arms=[small,coder]")
    with pytest.raises(
        ConfigError,
        match=r"policies.registered: models:/tiny/1 was trained for "
        r"the arms coder, large, small; here they are coder, small "
        r"\(never trained: none; not here: large\)",
    ):
        study(tiny_tables, uri, tmp_path, *few)._prepare()
    allowed = study(tiny_tables, uri, tmp_path, *few, "policies.registered.subset=true")
    assert allowed._prepare().arms == ("small", "coder")


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (["features=hashed"], "other builders or other columns"),
        (["features.standardise=false"], "the same builders with other parameters"),
        (["study_seed=1"], "the same builders fitted on other texts"),
    ],
)
def test_other_features_are_refused_by_what_differs(
    tiny_tables: Path, uri: str, trained: str, tmp_path: Path, change: list[str], difference: str
) -> None:
    with pytest.raises(
        ConfigError,
        match=rf"features tfidf_svd 10 \+ metadata 16 .*{difference}; "
        "features=registered features.uri=models:/tiny/1",
    ):
        study(tiny_tables, uri, tmp_path, *LOADED, *change)._prepare()


def test_the_features_come_along(tiny_tables: Path, uri: str, trained: str, tmp_path: Path) -> None:
    """Another split fits other features; those of the model stay, and it decides with them."""
    own = ("features=registered", f"features.uri={trained}", "study_seed=1")
    runner = study(tiny_tables, uri, tmp_path, *LOADED, *own)
    prepared = runner._prepare()
    document = PolicyRegistry(uri).document("tiny", "1")
    assert prepared.feature_fingerprint == document["features"][""]
    (job,) = runner._jobs([0])
    assert len(run_job(prepared, job).arms) == len(prepared.rows("test"))


def test_a_learned_utility_is_held_against_the_study_s(
    tiny_tables: Path, uri: str, tmp_path: Path
) -> None:
    greedy = settings(tiny_tables, uri, "policy=greedy_linear", "utility.cost_weight=0.2")
    where = TrainRunner(greedy, model="utility").run()
    load = ("policy=registered", f"policies.registered.uri={where}")
    with pytest.raises(ConfigError, match=r"another utility .*'cost_weight': \(0.2, 0.1\)"):
        study(tiny_tables, uri, tmp_path, *load)._prepare()
    same = (*load, "utility.cost_weight=0.2")
    study(tiny_tables, uri, tmp_path, *same)._prepare()
    with pytest.raises(ConfigError, match="sweeps its cost weight"):
        study(tiny_tables, uri, tmp_path, *same, "sweep.cost_weights=[0,1]")._prepare()


def test_mlflow_loads_it_with_its_signature_and_figures(uri: str, trained: str) -> None:
    import mlflow

    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    model = mlflow.pyfunc.load_model("models:/tiny@champion")
    assert model.metadata.signature.outputs.input_names() == ["coder", "large", "small"]
    columns = model.metadata.signature.inputs.to_dict()[0]["tensor-spec"]["shape"][1]
    found = model.predict(np.zeros((2, columns)))
    assert list(found.columns) == ["coder", "large", "small"]
    assert ((found > 0) & (found < 1)).all(axis=None)
    client = PolicyRegistry(uri).client
    run = client.get_run(str(client.get_model_version("tiny", "1").run_id))
    assert {"brier_before", "brier_after", "ece_before", "ece_after"} <= set(run.data.metrics)
    assert run.data.params["calibration"] == "platt"


def test_the_gateway_takes_it_with_its_features(uri: str, trained: str) -> None:
    registry = PolicyRegistry(uri)
    arms = ("small", "coder", "large")
    for address in ("models:/tiny@champion", trained):
        follower = AliasFollower(registry, {"auto": address}, HashedNgrams(dim=16), arms=arms)
        found = follower.current("auto")
        assert found.version == "1"
        assert found.builder.fingerprint() == registry.document("tiny", "1")["features"][""]
        policy = found.recipe.build()
        assert found.state is not None
        policy.load(found.state)
        assert policy.save() == found.state
    other = AliasFollower(registry, {"auto": trained}, HashedNgrams(dim=16), arms=("small", "new"))
    with pytest.raises(ConfigError, match="never trained: new; not here: coder, large"):
        other.current("auto")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["policy=linucb"], "LinUCB does not fit on recorded outcomes"),
        (["policy=[knn,logistic]"], "one is trained at a time"),
        (["seed=[0,1]"], "trained on one seed"),
    ],
)
def test_what_cannot_be_trained_is_said(
    tiny_tables: Path, uri: str, overrides: Sequence[str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        TrainRunner(settings(tiny_tables, uri, *overrides)).run()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("models:/tiny@nobody", "no version of 'tiny' has the alias 'nobody'"),
        ("models:/tiny/99", "no policy is version '99' of 'tiny'"),
        ("runs:/1", "give models:/MODEL@ALIAS"),
    ],
)
def test_an_address_that_leads_nowhere(
    tiny_tables: Path, uri: str, trained: str, tmp_path: Path, address: str, message: str
) -> None:
    load = ("policy=registered", f"policies.registered.uri={address}")
    with pytest.raises(ConfigError, match=f"policies.registered.uri: .*{message}"):
        study(tiny_tables, uri, tmp_path, *load)._prepare()
