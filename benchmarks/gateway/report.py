"""The table for people, and the ratios for machines."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.gateway.rounds import ALONE, BUSY, STREAMS, Results

#: key -> (target, whether it is a least; otherwise a most)
TARGETS: Mapping[str, tuple[float, bool]] = {
    "vs_litellm": (60.0, True),
    "vs_portkey": (6.0, True),
    "vs_vllm_router": (0.7, True),
    "added_p50_ms": (0.4, False),
    "added_p99_ms": (1.5, False),
    "stream_vs_passthrough": (0.6, True),
}


def ratios(results: Results) -> dict[str, float | None]:
    """Ours over theirs in requests a second; latencies over direct. None: not measured."""

    def rate(name: str, slice_: str = BUSY) -> float | None:
        return results.median(name, slice_, "a_second")

    def added(value: str) -> float | None:
        ours, direct = (results.median(name, ALONE, value) for name in ("ours", "direct"))
        return None if ours is None or direct is None else ours - direct

    return {
        "vs_litellm": _over(rate("ours"), rate("litellm")),
        "vs_portkey": _over(rate("ours"), rate("portkey")),
        "vs_vllm_router": _over(rate("ours"), rate("vllm-router")),
        "added_p50_ms": added("p50_ms"),
        "added_p99_ms": added("p99_ms"),
        "stream_vs_passthrough": _over(rate("ours", STREAMS), rate("passthrough", STREAMS)),
    }


def table(results: Results, names: Sequence[str]) -> str:
    """A row each, in Markdown."""
    lines = [
        "| gateway | requests/s, 32 connections | p99 ms | CPU µs a request | p50 ms, 1 connection "
        "| p99 ms | 20-chunk streams/s | first byte ms | resident MB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in names:
        cells = [
            _cell(results.median(name, BUSY, "a_second"), 0),
            _cell(results.median(name, BUSY, "p99_ms"), 1),
            _cell(results.cpu(name), 0),
            _cell(results.median(name, ALONE, "p50_ms"), 3),
            _cell(results.median(name, ALONE, "p99_ms"), 3),
            _cell(results.median(name, STREAMS, "a_second"), 0),
            _cell(results.first_byte(name), 3),
            _cell(results.resident_mb.get(name), 0),
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def verdicts(found: Mapping[str, float | None]) -> list[str]:
    """A line a target."""
    lines = []
    for key, (target, least) in TARGETS.items():
        value = found[key]
        sign = ">=" if least else "<="
        if value is None:
            lines.append(f"{key:22} —       not measured (target {sign} {target})")
            continue
        met = value >= target if least else value <= target
        lines.append(f"{key:22} {value:<7.3g} target {sign} {target}: {'met' if met else 'missed'}")
    return lines


def memory_line(found: Mapping[str, float]) -> str:
    """What the memory did."""
    if not found:
        return "memory: not measured"
    return (
        f"memory: {found['few']:.1f} MB after 10,000 requests, {found['many']:.1f} MB after 100,000"
        f" ({found['many'] / found['few']:.3f} times, target <= 1.1); {found['streams']:.0f} MB "
        f"with 2,000 slow streams open (target < 1000), {found['whole']:.0f} of them ended whole"
    )


def machine() -> str:
    """Processor and kernel."""
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text(encoding="utf-8") if cpuinfo.exists() else ""
    models = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return f"{models[0] if models else platform.processor()}, Python {platform.python_version()}"


def _over(ours: float | None, theirs: float | None) -> float | None:
    return None if ours is None or not theirs else ours / theirs


def _cell(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"
