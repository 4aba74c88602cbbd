"""Counters and histograms that cost a request next to nothing, shown by Prometheus' own library.

One thread counts, so that no lock is needed: an increment is an addition in a dict.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

Labels = tuple[str, ...]
About = Mapping[str, tuple[Labels, str]]  #: name -> (labels, what it is)


class Counts(Collector):
    """`of[name][labels]` is a counter; `observe` puts a value into a histogram."""

    def __init__(self, counters: About, histograms: About, bounds: Sequence[float]) -> None:
        self._counters, self._histograms, self._bounds = counters, histograms, list(bounds)
        self.of: Mapping[str, defaultdict[Labels, float]] = {
            name: defaultdict(float) for name in counters
        }
        self._seen: Mapping[str, dict[Labels, list[float]]] = {name: {} for name in histograms}

    def observe(self, name: str, labels: Labels, value: float) -> None:
        """Count a value in its bucket."""
        seen = self._seen[name].get(labels)
        if seen is None:
            # A count a bucket, one more beyond the last bound, and the sum.
            seen = self._seen[name][labels] = [0.0] * (len(self._bounds) + 2)
        seen[bisect_left(self._bounds, value)] += 1.0
        seen[-1] += value

    def collect(self) -> Iterable[Metric]:
        """What is scraped."""
        for name, (labels, what) in self._counters.items():
            counter = CounterMetricFamily(name, what, labels=labels)
            for values, count in list(self.of[name].items()):
                counter.add_metric(values, count)
            yield counter
        for name, (labels, what) in self._histograms.items():
            histogram = HistogramMetricFamily(name, what, labels=labels)
            for values, seen in list(self._seen[name].items()):
                histogram.add_metric(values, self._buckets(seen), seen[-1])
            yield histogram

    def _buckets(self, seen: list[float]) -> list[tuple[str, float]]:
        """Cumulated, as Prometheus wants them."""
        found, total = [], 0.0
        for bound, count in zip([*map(str, self._bounds), "+Inf"], seen, strict=False):
            total += count
            found.append((bound, total))
        return found
