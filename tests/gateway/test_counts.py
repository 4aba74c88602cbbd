"""Prometheus shows what was counted: totals, cumulated buckets, sums."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from gairp.gateway.counts import Counts


def test_counters_and_histograms_are_shown_as_prometheus_wants_them() -> None:
    counts = Counts(
        {"asked": (("arm",), "times asked")}, {"seconds": (("arm",), "how long")}, (0.1, 1.0)
    )
    counts.of["asked"][("small",)] += 2.0
    for value in (0.05, 0.1, 0.5, 7.0):
        counts.observe("seconds", ("small",), value)
    registry = CollectorRegistry()
    registry.register(counts)
    lines = generate_latest(registry).decode().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        'asked_total{arm="small"} 2.0',
        'seconds_bucket{arm="small",le="0.1"} 2.0',
        'seconds_bucket{arm="small",le="1.0"} 3.0',
        'seconds_bucket{arm="small",le="+Inf"} 4.0',
        'seconds_count{arm="small"} 4.0',
        'seconds_sum{arm="small"} 7.65',
    ]
    assert "# TYPE seconds histogram" in lines
