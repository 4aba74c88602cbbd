"""The gateway as anybody runs it: `python -m gairp.serve`, in a process of its own."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from benchmarks.soak.child import Child, free_port
from benchmarks.soak.models import PRICES, Mock

KEY = "gk-soak-0123456789abcdef0123456789abcdef"
TENANT, KEY_ID = "acme", "soak"
#: Wide enough never to refuse: what is tested is that they are kept, not that they bite.
QUOTA = {"rpm": 10**7, "tpm": 10**10, "concurrency": 1000, "usd": 1000.0, "usd_period": "total"}


class GatewayProcess:
    """Its home, its settings, its process."""

    def __init__(
        self,
        folder: Path,
        mocks: Iterable[Mock],
        *,
        deadline_s: float,
        ledger: str | None,
        redis: str | None,
        workers: int = 1,
    ) -> None:
        self.home, self.port, self.deadline_s = folder / "home", free_port(), deadline_s
        self.ledger = ledger or f"sqlite:///{self.home}/ledger.db"
        self.redis, self.workers = redis, workers
        conf = folder / "conf" / "serving"
        conf.mkdir(parents=True)
        (folder / "prices.yaml").write_text(_prices(), encoding="utf-8")
        values = self._settings(mocks, folder / "prices.yaml")
        (conf / "soak.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
        command = [
            sys.executable, "-m", "gairp.serve", "--config-dir", str(conf.parent), "serving=soak",
            f"hydra.run.dir={folder}/hydra",
        ]  # fmt: skip
        # An installed gateway has its bytecode; without it most of a restart would be compiling.
        bytecode = {"PYTHONPYCACHEPREFIX": f"{folder}/bytecode", "PYTHONDONTWRITEBYTECODE": ""}
        self.child = Child(
            command, log=folder / "gateway.log", port=self.port, environment=bytecode
        )

    @property
    def base_url(self) -> str:
        """What its clients take as their address."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def serving(self) -> list[int]:
        """The processes that answer."""
        if self.workers == 1:
            return self.child.pids
        return [self._pid(str(n)) for n in range(1, self.workers + 1)]

    def kill(self, name: str) -> None:
        """As `kill -9` of a worker, or of the learner."""
        os.kill(self._pid(name), signal.SIGKILL)

    def _pid(self, name: str) -> int:
        """Who writes this journal, or wrote it last; 0 where nobody has."""
        home = self.home if name == "learner" else self.home / "workers" / name
        try:
            return int((home / "journal" / "writer.lock").read_text(encoding="ascii") or 0)
        except OSError:
            return 0

    def _settings(self, mocks: Iterable[Mock], prices: Path) -> dict[str, Any]:
        arms = {mock.name: {"backend": mock.name, "model": mock.name} for mock in mocks}
        return {
            "defaults": ["base", "_self_"],
            "port": self.port,
            "home": str(self.home),
            "arms": arms,
            "backends": {
                mock.name: {
                    "base_url": mock.base_url, "first_byte_timeout_s": 0.6, "idle_timeout_s": 0.6,
                }
                for mock in mocks
            },
            "features": {"_target_": "gairp.features.HashedNgrams", "dim": 16},
            "deadline_s": self.deadline_s,
            "fallbacks": 2,
            "retry": {"calls": 2, "base_s": 0.02, "cap_s": 0.2, "max_wait_s": 0.3},
            "hedge": {"after_s": 0.25, "share": 0.1},
            "breaker": {"failures": 5, "cooldown_s": 0.5, "max_cooldown_s": 2.0},
            "prices": {"user_files": [str(prices)]},
            "keys": [
                {
                    "id": KEY_ID, "tenant": TENANT, "sha256": sha256(KEY.encode()).hexdigest(),
                    "quota": QUOTA,
                }
            ],
            "drain_s": 5.0,
            "workers": self.workers,
            "snapshot_every_s": 2.0,
            "ledger": self.ledger,
            "limits": {} if self.redis is None else {"redis": self.redis},
        }  # fmt: skip


def _prices() -> str:
    return "models:\n" + "".join(
        f"  {name}:\n    - {{from: 2025-01-01, input: {into}, output: {out}}}\n"
        for name, (into, out) in PRICES.items()
    )
