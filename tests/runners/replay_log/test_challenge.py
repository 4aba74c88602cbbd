"""A challenger is fed the same log, reads what was stored, and learns what was learned."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from gairp.errors import DataError, UnknownNameError
from gairp.records.events import Decided, Event, Opened, packed, unpacked
from gairp.runners.replay_log.runner import ReplayLogRunner
from tests.runners.replay_log.world import COLD, changed, logged

LINUCB = {"_target_": "gairp.policies.linucb.LinUCB"}


def agreement(log: Path, challengers: dict[str, Any], **settings: Any) -> list[dict[str, str]]:
    runner = ReplayLogRunner(log=log, out=log.parent / "again", challengers=challengers, **settings)
    with runner.run().open() as file:
        return list(csv.DictReader(file))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of LinUCB that starts cold."""
    return logged(tmp_path, LINUCB, protocol=COLD)


def test_a_policy_agrees_with_itself(log: Path) -> None:
    (row,) = agreement(log, {"twin": LINUCB})
    assert (row["challenger"], row["same arm"]) == ("twin", "1.0000")
    assert row["decisions"] == row["learned"] == "155"
    assert row["probability of the logged arm"] == "1.0000"
    (row,) = agreement(log, {"twin": LINUCB}, floor=0.4)
    assert row["probability of the logged arm"] == "0.7000"


def test_each_challenger_has_a_row(log: Path) -> None:
    tiny = {"_target_": "gairp.policies.fixed.Fixed", "arm": "tiny"}
    chance = {"_target_": "gairp.policies.random.Random"}
    rows = agreement(log, {"tiny": tiny, "chance": chance})
    assert [row["challenger"] for row in rows] == ["tiny", "chance"]
    assert rows[0]["same arm"] == rows[0]["probability of the logged arm"]
    assert rows[1]["probability of the logged arm"] == "0.2500"


def _stored(number: int, event: Event) -> Event:
    """The policy's features under another name, and nothing where it looked itself."""
    if isinstance(event, Opened):
        return msgspec.structs.replace(event, features={**event.features, "other": "x"})
    if isinstance(event, Decided):
        return msgspec.structs.replace(
            event,
            more_features={"other": event.features},
            features=packed(np.full_like(unpacked(event.features), 0.5)),
        )
    return event


def test_it_reads_the_stored_features_that_it_is_told_to(log: Path) -> None:
    stored = changed(log, _stored)
    (row,) = agreement(stored, {"twin": LINUCB}, reads="other")
    assert row["same arm"] == "1.0000"
    (row,) = agreement(stored, {"twin": LINUCB})
    assert float(row["same arm"]) < 0.9
    with pytest.raises(UnknownNameError, match=r"features in the log of 'it-7' 'more'; .*: other"):
        agreement(stored, {"twin": LINUCB}, reads="more")


def test_one_that_must_be_fitted_first_is_refused(log: Path) -> None:
    knn = {"_target_": "gairp.policies.knn.KNN", "k": 5}
    with pytest.raises(DataError, match=r"challenger 'knn' on the log of 'it-7', decision .* fit"):
        agreement(log, {"knn": knn})
