"""A promoted policy is a version, and the alias says which one is served."""

from __future__ import annotations

from pathlib import Path

import pytest

from gairp.errors import ConfigError
from gairp.policies.linucb import LinUCB
from gairp.records.events import Opened
from gairp.runners.evaluate.candidate import Candidate
from gairp.runners.evaluate.promotion import policy_document, promoted
from gairp.runners.evaluate.settings import Registry
from gairp.tracking.registry import PolicyRegistry
from tests.runners.evaluate.logs import World

pytestmark = pytest.mark.filterwarnings("ignore")


def test_a_promotion_moves_the_alias(uri: str) -> None:
    store = PolicyRegistry(uri)
    assert store.get_alias("router", "champion") is None
    opened = next(iter(World(n=1).events()))
    assert isinstance(opened, Opened)
    config = {"_target_": "gairp.policies.linucb.LinUCB", "alpha": 0.3, "ridge": 1.0}
    candidate = Candidate(opened, name="linucb", config=config, learned=set())
    told = promoted(candidate, Registry(move=True, uri=uri), "promote: linucb")
    assert told == "champion of router now is version 1, for the first time"
    assert store.get_alias("router", "champion") == "1"
    again = promoted(candidate, Registry(move=True, uri=uri), "promote: linucb")
    assert again == "champion of router now is version 2, from version 1"
    document = store.document("router", "2")
    assert document == policy_document(candidate)
    assert document["config"] == config
    assert document["features"] == {"": "kind"}
    assert isinstance(candidate.policy, LinUCB)
    assert store.get_alias("router", "canary") is None
    assert store.set_alias("router", "champion", "1") == "2"
    with pytest.raises(ConfigError, match="no policy is version '9' of 'router'"):
        store.document("router", "9")


def test_a_registry_keeps_to_its_store_whatever_else_the_process_uses(
    uri: str, tmp_path: Path
) -> None:
    import mlflow

    before = mlflow.get_registry_uri()
    mlflow.set_registry_uri(f"sqlite:///{tmp_path}/elsewhere.db")
    try:
        store = PolicyRegistry(uri)
        version = store.register("at home", {"config": {}})
        assert store.set_alias("at home", "champion", version) is None
    finally:
        mlflow.set_registry_uri(before)
    assert PolicyRegistry(uri).get_alias("at home", "champion") == version == "1"
    assert not (tmp_path / "elsewhere.db").exists()
