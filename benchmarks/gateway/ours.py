"""Our gateway with everything on: `python -m benchmarks.gateway.ours UPSTREAM_PORT PORT HOME`.

A fourth argument is the durability, `process` or `power`.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from gairp.gateway.serving import serve
from gairp.gateway.settings import GatewaySettings

KEY = "gk-bench-0123456789abcdef0123456789abcdef"
ARMS = ("m", "n", "o", "q")
PRICES = "models:\n" + "".join(
    f"  {name}:\n    - {{from: 2025-01-01, input: 0.{i}, output: 1.{i}}}\n"
    for i, name in enumerate(ARMS, 1)
)
RULES = """
rules:
  - name: long prompts
    when: tokens > 4000 && !stream
    to: q
  - name: chat of the tenant
    when: tenant == "acme" && operation == "chat"
    to: gairp/auto
"""
QUOTA = {"rpm": 10**8, "tpm": 10**11, "concurrency": 10_000, "usd": 1e6, "usd_period": "month"}


def settings(upstream: int, port: int, home: Path, durability: str = "process") -> GatewaySettings:
    """A key with all four limits, two rules, LinUCB on hashed features, a floor, the journal."""
    (home / "prices.yaml").write_text(PRICES, encoding="utf-8")
    (home / "rules.yaml").write_text(RULES, encoding="utf-8")
    values: dict[str, Any] = {
        "arms": {name: {"backend": "mock", "model": name} for name in ARMS},
        "backends": {
            "mock": {"base_url": f"http://127.0.0.1:{upstream}/v1", "max_connections": 4000}
        },
        "policies": {"auto": {"_target_": "gairp.policies.linucb.LinUCB"}},
        "features": {"_target_": "gairp.features.HashedNgrams", "dim": 32},
        "utility": {"cost_weight": 0.1},
        "floor": 0.02,
        "home": str(home),
        "durability": durability,
        "prices": {"user_files": [str(home / "prices.yaml")]},
        "keys": [
            {
                "id": "bench", "tenant": "acme", "sha256": sha256(KEY.encode()).hexdigest(),
                "quota": QUOTA,
            }
        ],
        "rules": str(home / "rules.yaml"),
        "port": port,
    }  # fmt: skip
    return GatewaySettings.of(values)


if __name__ == "__main__":
    serve(settings(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:]))
