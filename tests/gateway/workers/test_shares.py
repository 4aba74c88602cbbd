"""What several workers share, and what is refused because they could not."""

from __future__ import annotations

import socket
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gairp.errors import ConfigError
from gairp.gateway.workers.part import Part
from gairp.gateway.workers.port import reserved, worker_socket
from gairp.gateway.workers.shares import check_shared, share_of
from tests.gateway.workers.cluster import Cluster, cluster
from tests.gateway.world import HI, settings


def _settings(tmp_path: Path, **more: Any) -> Any:
    return settings("http://127.0.0.1:1/v1", tmp_path, **{"workers": 2, **more})


@pytest.mark.parametrize(
    ("more", "match"),
    [
        ({"workers": 0}, "give 1 or more"),
        ({"workers": 1, "publish": {"learns": 0}}, "give at least 1 update"),
        ({"keys": [{"id": "web", "tenant": "a", "quota": {"rpm": 1}}]}, "key 'web' has a quota"),
        ({"tenants": {"acme": {"quota": {"usd": 1}}}}, "tenant 'acme' has a quota"),
        ({"tenants": {"acme": {"models": {"*": {"rpm": 1}}}}}, "serving.limits.redis"),
        ({"accounts": True}, "accounts may have quotas"),
        ({"slots": {"default": 1}}, "every model has 1 places for 2 workers"),
        ({"slots": {"models": {"small": 1}}}, "'small' has 1 places"),
    ],
)
def test_what_each_worker_would_keep_for_itself_is_refused(
    tmp_path: Path, more: dict[str, Any], match: str
) -> None:
    with pytest.raises(ConfigError, match=match):
        check_shared(_settings(tmp_path, **more))
    if "workers" not in more:
        check_shared(_settings(tmp_path, **more, workers=1))


def test_what_is_shared_is_not(tmp_path: Path) -> None:
    keys = [{"id": "web", "tenant": "a", "quota": {"rpm": 1}}]
    check_shared(_settings(tmp_path, keys=keys, limits={"redis": "redis://127.0.0.1:1/0"}))
    check_shared(_settings(tmp_path, keys=[{"id": "web", "tenant": "a"}]))


def test_places_are_divided_to_the_last(tmp_path: Path) -> None:
    whole = _settings(tmp_path, slots={"default": 5, "models": {"small": 2, "large": None}})
    parts = [Part(number=n, of=2, line="", started=0.0) for n in (1, 2)]
    divided = [share_of(whole, part).slots for part in parts]
    assert [each["default"] for each in divided] == [3, 2]
    assert [each["models"] for each in divided] == [{"small": 1, "large": None}] * 2


def test_a_port_is_shared_by_workers_and_by_nobody_else() -> None:
    with reserved("127.0.0.1", 0) as held:
        port = held.getsockname()[1]
        with worker_socket(held) as one, worker_socket(held) as two:
            one.listen()
            two.listen()
            with pytest.raises(ConfigError, match=f"127.0.0.1:{port} cannot be had"):
                reserved("127.0.0.1", port)
            with socket.create_connection(("127.0.0.1", port), timeout=2.0):
                pass


def test_a_quota_is_that_of_all_workers(tmp_path: Path, redis_url: str) -> None:
    secret = "a secret of more than sixteen characters"
    key = {
        "id": "web", "tenant": "acme", "sha256": sha256(secret.encode()).hexdigest(),
        "quota": {"rpm": 5},
    }  # fmt: skip
    with cluster(tmp_path / "home", keys=[key], limits={"redis": redis_url}, ledger=None) as it:
        statuses = [_status(it, "1" if i % 2 else "2", secret) for i in range(8)]
    assert statuses == [200] * 5 + [429] * 3


def _status(it: Cluster, worker: str, secret: str) -> int:
    headers = {"authorization": f"Bearer {secret}"}
    body = {"model": "small", "messages": HI}
    return it.at(worker).post("/v1/chat/completions", json=body, headers=headers).status_code
