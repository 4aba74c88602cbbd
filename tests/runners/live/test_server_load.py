"""What a server that the run starts says of its queue and cache reaches what policies read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gairp.backends.local.backend import LocalBackend
from gairp.records.events import Decided, unpacked
from gairp.records.journal import read_events
from gairp.runners.live.runner import LiveRunner
from tests.backends.local.fake_local_server import FakeLocalServer

pytestmark = pytest.mark.filterwarnings("ignore")
METRICS = """\
vllm:num_requests_running{engine="0"} 4
vllm:num_requests_waiting{engine="0"} 3
vllm:kv_cache_usage_perc{engine="0"} 0.25
"""
MADE: list[LocalBackend] = []


def busy_backend() -> LocalBackend:
    """What `_target_` names: one child that says that it is busy."""
    says = {"answer": "42", "metrics": METRICS}
    MADE.append(LocalBackend(server=FakeLocalServer(says=says)))
    return MADE[-1]


def test_the_queue_and_the_cache_of_a_child_are_in_the_context(
    settings: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    config = settings("policy=[random]", "primary=random", "live.count=12", "live.pacing.users=1")
    config["live"]["backends"] = {"b": {"_target_": f"{__name__}.busy_backend"}}
    runner = LiveRunner(config, out=tmp_path / "out")
    runner.run()
    decided = [e for e in read_events(tmp_path / "out" / "log") if isinstance(e, Decided)]
    assert len(decided) == 12
    last = decided[-1].load
    assert last is not None
    assert last[3] is not None
    assert unpacked(last[1]).tolist() == [3.0, 3.0]  # both arms are on that server
    assert unpacked(last[3]).tolist() == [0.25, 0.25]
    (backend,) = MADE
    assert backend.server.address == ""
