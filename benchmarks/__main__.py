"""`python -m benchmarks [pytest options]`: run them all, end with one JSON line of ratios."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
KEYS = (
    "linucb_vs_mabwiser",
    "linucb_vs_vw",
    "engine_overhead",
    "events_vs_plain",
    "linear_1m_vs_100k",
    "mlflow_share",
    "live_vs_client",
    "live_memory",
    "http_vs_aiohttp",
    "http_vs_httpx",
    "ope_bootstrap_s",
    "obp_ratio",
    *(f"score_{name}_s" for name in ("knn", "linear", "mf", "cluster")),
    *(f"decide_{name}_ms" for name in ("knn", "linear", "mf", "cluster")),
    *(f"decide_{name}_vs_sklearn" for name in ("knn", "linear", "logistic", "cluster", "mlp")),
)
#: One thread for everybody: a peer's linear algebra shall not take a second core, nor ours.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(options: Sequence[str]) -> int:
    """Run the suites; pytest's exit code. A ratio that was not measured is null."""
    with tempfile.TemporaryDirectory(prefix="gairp-") as scratch:
        results = Path(scratch) / "benchmarks.json"
        command = [sys.executable, "-m", "pytest", str(FOLDER), "-q", "-p", "no:cacheprovider"]
        columns = "--benchmark-columns=min,median,iqr,rounds"
        command += ["-W", "ignore:Not saving anything"]  # where all were skipped, that is no error
        command += [f"--benchmark-json={results}", columns, *options]
        environment = {**os.environ, **dict.fromkeys(THREADS, "1")}
        code = subprocess.run(command, cwd=FOLDER.parent, env=environment).returncode
        # pytest opens the file at its start and leaves it empty where it breaks off.
        text = results.read_text(encoding="utf-8") if results.exists() else ""
    found = _by_key(json.loads(text)["benchmarks"] if text else [])
    for key in KEYS:
        print(_line(key, found.get(key)))
    print(json.dumps({key: _rounded(found.get(key)) for key in KEYS}))
    return code


def _by_key(benchmarks: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    notes = [one["extra_info"] for one in benchmarks]
    return {one["key"]: one for one in notes if "key" in one}


def _line(key: str, measured: Mapping[str, Any] | None) -> str:
    if measured is None:
        return f"{key:26} —       not measured"
    ratio, target = measured["ratio"], measured["target"]
    verdict = "met" if ratio <= target else "missed"
    return f"{key:26} {ratio:<7.4f} target {target:.4g}: {verdict}; {measured['text']}"


def _rounded(measured: Mapping[str, Any] | None) -> float | None:
    return None if measured is None else float(f"{measured['ratio']:.4g}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
