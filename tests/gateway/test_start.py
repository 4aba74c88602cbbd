"""A start waits for nothing that it can do without."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from gairp.gateway.build import build_feeds
from gairp.gateway.database import store as database
from gairp.gateway.feeds.lock import sole_follower
from gairp.gateway.feeds.process import FeedProcess
from gairp.gateway.limits.protocol import OpenPurse
from tests.gateway.world import settings

_START = """
import asyncio, json, os, sys
import h11, httpcore2, httpx2, truststore  # of the client here
from gairp.gateway.app import create_app
from gairp.gateway.serving import run_app
from gairp.gateway.workers.preload import preload
from tests.gateway.world import served, settings

made = settings("http://127.0.0.1:1/v1", sys.argv[1], rules=sys.argv[2], keys=[
    {"id": "k", "tenant": "t", "sha256": "0" * 64}], utility={"cost_weight": 0.0})
told = {}

async def live():
    async with served(create_app(made)) as port, httpx2.AsyncClient() as client:
        told["started"] = sorted(sys.modules)
        base = f"http://127.0.0.1:{port}"
        answers = [client.get(base + at) for at in ("/openapi.json", "/admin/keys")]
        told["answers"] = [answer.status_code for answer in await asyncio.gather(*answers)]
        told["asked"] = sorted(sys.modules)

preload(made)
told["preloaded"] = sorted(sys.modules)
told["threads"] = len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1
asyncio.run(live())
print(json.dumps(told))
"""
#: What only some gateways need, or only some requests.
_LATE = {"fastapi", "alembic", "mlflow", "pandas", "pyarrow", "redis", "opentelemetry", "psycopg"}


def test_a_start_loads_no_more_than_it_serves_with_and_a_fork_almost_nothing(
    tmp_path: Path,
) -> None:
    database.open_store(f"sqlite:///{tmp_path}/ledger.db").dispose()  # one has served before
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules: [{name: all, when: 'true', to: gairp/auto}]\n")
    command = [sys.executable, "-c", _START, str(tmp_path), str(rules)]
    environment = {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": ":".join(sys.path),
    }
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["threads"] == 1
    assert told["answers"] == [200, 401]
    assert _packages(told["started"]) & _LATE == set()
    assert "fastapi" in _packages(told["asked"])
    loaded = (
        _packages(told["started"]) - _packages(told["preloaded"]) - set(sys.stdlib_module_names)
    )
    assert loaded == set()


def _packages(modules: list[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def test_a_database_of_the_newest_schema_is_not_migrated_again(
    store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    assert database.newest_revision() == ScriptDirectory.from_config(config).get_current_head()
    monkeypatch.setattr(database, "migrate", lambda engine: pytest.fail("migrated"))
    database.open_store(store.url.render_as_string(hide_password=False)).dispose()


def test_budgets_that_are_kept_elsewhere_do_not_wait_for_the_ledger(tmp_path: Path) -> None:
    """The process of a gateway that was killed has the books, and is not through with them."""
    made = settings("http://127.0.0.1:1/v1", tmp_path, feeds="process")
    with sole_follower(tmp_path):
        feeds = build_feeds(made, OpenPurse(), None)
        assert isinstance(feeds, FeedProcess)
        feeds.start()
        feeds.close()


def test_why_a_gateway_does_not_start_is_said_as_it_is(tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "gairp.serve", "serving=url", f"serving.home={tmp_path}/home",
        f"hydra.run.dir={tmp_path}", "serving.arms.first.model=a-model-of-ours",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "\nerror: no price for 'a-model-of-ours' on " in done.stderr
    assert '\n  "a-model-of-ours":\n    - {from: ' in done.stderr
    assert "Traceback" not in done.stderr
