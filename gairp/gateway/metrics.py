"""What Prometheus scrapes. Labels are arms, learners and tenants; the tenants are capped."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import Metric

from gairp.gateway.counts import Counts
from gairp.records.events import Decided, Event, Learned, Settled

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
_TENANTS = 200  #: further ones are counted together, as `other`
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_DECISIONS = 20_000

#: name -> (labels, what it is): the reference page is made of this.
COUNTERS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "gairp_responses": (("status",), "answers to clients, by HTTP status"),
    "gairp_limits_hit": (
        ("limit", "tenant"),
        "requests refused by a limit of the tenant's: requests, tokens, concurrency, budget",
    ),
    "gairp_calls": (("arm", "outcome"), "calls to models, by how they ended"),
    "gairp_tokens": (("arm", "direction"), "tokens, in and out"),
    "gairp_cost_usd": (("arm", "tenant"), "USD billed"),
    "gairp_decisions": (("learner", "kind"), "decisions: primary, fallback, shadow, …"),
    "gairp_feedback": (("learner",), "feedback that was learned"),
}
HISTOGRAMS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "gairp_call_seconds": (("arm",), "seconds of a call to its last byte"),
    "gairp_first_token_seconds": (("arm",), "seconds of a stream to its first event"),
}
GAUGES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "gairp_in_flight": ((), "requests under way"),
    "gairp_queued": (("model",), "calls that wait for a free place of a model with `slots`"),
    "gairp_breaker_open": (("model",), "1 while the model is left alone"),
    "gairp_arm_left_alone_seconds": (("arm",), "for which the arm still cools down or is ejected"),
    "gairp_hedges": ((), "requests for which a second arm was asked beside the first"),
    "gairp_content_waiting_bytes": ((), "prompts and answers that wait for the database"),
    "gairp_content_dropped": ((), "requests whose content was dropped, since too much waited"),
    "gairp_feed_lag": (("feed",), "events of the journal that ledger or audit lack"),
    "gairp_pending_feedback": (("learner",), "decisions that wait for feedback"),
    "gairp_unmerged_bytes": (
        ("journal",),
        "of a worker's journal that the learner has not taken; with several workers",
    ),
    "gairp_learner_updates": (("learner",), "updates that the policy has applied"),
}


Gauges = Callable[[], Iterable[tuple[str, tuple[str, ...], float]]]


class Metrics:
    """Counts what the journal is told; gauges are read when they are asked for."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._counts = Counts(COUNTERS, HISTOGRAMS, _SECONDS)
        self._registry.register(self._counts)
        self._gauges = {
            name: Gauge(name, what, labels, registry=self._registry)
            for name, (labels, what) in GAUGES.items()
        }
        of = self._counts.of
        self._responses, self._calls = of["gairp_responses"], of["gairp_calls"]
        self._tokens, self._cost_usd = of["gairp_tokens"], of["gairp_cost_usd"]
        self._limits_hit = of["gairp_limits_hit"]
        self._decisions, self._feedback = of["gairp_decisions"], of["gairp_feedback"]
        self._statuses: defaultdict[int, float] = defaultdict(float)
        self._tenants: dict[str, str] = {}
        self._tenant_of: OrderedDict[str, str] = OrderedDict()  # of decisions under way

    def answered(self, status: int) -> None:
        """A client has its answer."""
        self._statuses[status] += 1.0

    def limited(self, limit: str, tenant: str) -> None:
        """A request is refused by this limit; "" for none."""
        if limit:
            self._limits_hit[limit, self._tenant(tenant)] += 1.0

    def heard(self, first: int, events: list[Event]) -> None:
        """What was just written to the journal."""
        for event in events:
            if type(event) is Decided:
                self._decisions[event.learner, event.kind] += 1.0
                tenant = event.tenant or ""
                self._tenant_of[event.decision_id] = self._tenants.get(tenant) or self._tenant(
                    tenant
                )
                if len(self._tenant_of) > _DECISIONS:
                    self._tenant_of.popitem(last=False)
            elif type(event) is Settled:
                self._settled(event)
            elif type(event) is Learned:
                self._feedback[(event.learner,)] += 1.0

    def text(self, gauges: Gauges) -> bytes:
        """The exposition; `gauges` gives (name, labels, value) of now."""
        self._set(gauges)
        return generate_latest(self._registry)

    def families(self, gauges: Gauges) -> list[Metric]:
        """The same as Prometheus' library has it, without what has no value."""
        self._set(gauges)
        return [metric for metric in self._registry.collect() if metric.samples]

    def _set(self, gauges: Gauges) -> None:
        for status, count in self._statuses.items():
            self._responses[(str(status),)] = count
        for name, labels, value in gauges():
            gauge = self._gauges[name]
            (gauge.labels(*labels) if labels else gauge).set(value)

    def _settled(self, event: Settled) -> None:
        arm, usage = event.arm, event.usage
        self._calls[arm, "answered" if event.error is None else event.error.kind] += 1.0
        tenant = self._tenant_of.pop(event.decision_id, "")
        if event.billing != "billed":
            return
        if usage.input_tokens == usage.input_tokens:
            self._tokens[arm, "in"] += usage.input_tokens
        if usage.output_tokens == usage.output_tokens:
            self._tokens[arm, "out"] += usage.output_tokens
        if event.cost_usd == event.cost_usd:
            self._cost_usd[arm, tenant] += event.cost_usd
        if event.latency_s == event.latency_s:
            self._counts.observe("gairp_call_seconds", (arm,), event.latency_s)
        if event.first_token_s == event.first_token_s:
            self._counts.observe("gairp_first_token_seconds", (arm,), event.first_token_s)

    def _tenant(self, name: str) -> str:
        known = self._tenants.get(name)
        if known is None:
            if len(self._tenants) >= _TENANTS:
                return "other"
            known = self._tenants[name] = name
        return known
