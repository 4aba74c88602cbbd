"""A run that starts its server: when that fails, and what the server says of itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gairp.backends.local.backend import LocalBackend
from gairp.errors import BackendError
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
#: What the next backend's child does.
SAYS: dict[str, Any] = {}


def busy_backend() -> LocalBackend:
    """What `_target_` names: one child that says that it is busy."""
    says = {"answer": "42", "metrics": METRICS, **SAYS}
    MADE.append(LocalBackend(server=FakeLocalServer(says=says)))
    return MADE[-1]


mended_backend = busy_backend


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
    assert MADE[-1].server.address == ""


def test_a_start_that_fails_leaves_the_folder_to_other_settings(
    settings: Callable[..., dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = settings("policy=[random]", "primary=random", "live.count=3")
    config["live"]["backends"] = {"b": {"_target_": f"{__name__}.busy_backend"}}
    monkeypatch.setitem(SAYS, "exit", 4)
    with pytest.raises(BackendError, match="exit code 4 while it started"):
        LiveRunner(config, out=tmp_path / "out").run()
    monkeypatch.delitem(SAYS, "exit")
    config["live"]["backends"]["b"] = {"_target_": f"{__name__}.mended_backend"}
    LiveRunner(config, out=tmp_path / "out").run()
    decided = [e for e in read_events(tmp_path / "out" / "log") if isinstance(e, Decided)]
    assert len(decided) == 3
