"""Events for tests: two plain ones, and a strategy of everything that an event may hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

import msgspec
import numpy as np
from hypothesis import strategies as st

from gairp.records.codec import encoded
from gairp.records.events import (
    Billing,
    Called,
    Decided,
    Ended,
    Event,
    Graded,
    Learned,
    Observed,
    Opened,
    Settled,
    packed,
)
from gairp.types import Budget, Failure, FailureKind, Floats, Kind, Usage

NOON = 1_767_268_800.0  #: 2026-01-01 12:00 UTC


def settled(number: int, **changes: Any) -> Settled:
    """A settlement as a gateway writes it."""
    plain = Settled(
        learner="linucb-0",
        at=NOON + number,
        call_id=f"request-{number:06d}/0.0",
        decision_id=f"request-{number:06d}/0",
        arm="plain",
        model="qwen2.5-coder-0.5b",
        usage=Usage(input_tokens=211.0, output_tokens=87.0),
        cost_usd=1.25e-4,
        billing="billed",
        first_token_s=0.21,
        inter_token_s=0.012,
        latency_s=1.3,
        finish_reason="stop",
        response_hash="0123456789abcdef" * 2,
    )
    return msgspec.structs.replace(plain, **changes)


def decided(number: int, features: Floats, **changes: Any) -> Decided:
    """A decision between two arms."""
    plain = Decided(
        learner="linucb-0",
        at=NOON + number,
        decision_id=f"request-{number:06d}/0",
        request_id=f"request-{number:06d}",
        attempt=0,
        kind="primary",
        now=float(number),
        features=packed(features),
        candidates=("large", "small"),
        expected_cost=packed(features[:2]),
        max_cost=packed(features[:2]),
        arm="small",
        propensity=0.75,
        probabilities=(0.25, 0.75),
        scores=(0.1, 0.2),
        policy="linucb",
        policy_version="",
        state_version=number,
    )
    return msgspec.structs.replace(plain, **changes)


def same(left: Iterable[Event], right: Iterable[Event]) -> bool:
    """Equality to the last bit, so that a NaN equals itself and 0.0 differs from -0.0."""
    return [encoded(event) for event in left] == [encoded(event) for event in right]


texts = st.text(max_size=8)
floats = st.floats()
names = st.one_of(st.none(), texts)
vectors = st.lists(floats, max_size=3).map(lambda values: packed(np.array(values, dtype=float)))
moments = st.floats(min_value=NOON - 2e5, max_value=NOON + 2e5)
learners = st.sampled_from(["linucb-0", "ts/β", "a=b", "", ".", "x" * 300])
tags = st.dictionaries(texts, texts, max_size=2)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), floats, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(texts, inner, max_size=2)),
    max_leaves=5,
)
failures = st.builds(
    Failure,
    kind=st.sampled_from(get_args(FailureKind)),
    message=texts,
    status=st.one_of(st.none(), st.integers(0, 999)),
    retry_after_s=st.one_of(st.none(), floats),
    started=st.booleans(),
    billing_unknown=st.booleans(),
)
usages = st.builds(
    Usage,
    input_tokens=floats,
    output_tokens=floats,
    cached_tokens=floats,
    source=st.sampled_from(["reported", "recounted", "partial"]),
    reported_input=floats,
    reported_output=floats,
)
budgets = st.builds(
    Budget,
    left_usd=floats,
    total_usd=floats,
    horizon_left=floats,
    cap_per_request_usd=floats,
    key=texts,
)
head = {"learner": learners, "at": moments}
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        Opened,
        **head,
        seed=st.integers(0, 2**63 - 1),
        policy=texts,
        policy_version=texts,
        config=texts,
        features=tags,
        facts=tags,
        start_state=st.one_of(st.none(), st.binary(max_size=4)),
    ),
    st.builds(
        Decided,
        **head,
        decision_id=texts,
        request_id=texts,
        attempt=st.integers(0, 9),
        kind=st.sampled_from(get_args(Kind)),
        now=floats,
        features=vectors,
        candidates=st.lists(texts, max_size=3).map(tuple),
        expected_cost=vectors,
        max_cost=vectors,
        load=st.one_of(
            st.none(), st.tuples(vectors, vectors, vectors, st.one_of(st.none(), vectors))
        ),
        budget=st.one_of(st.none(), budgets),
        arm=texts,
        propensity=floats,
        probabilities=st.lists(floats, max_size=3).map(tuple),
        scores=st.one_of(st.none(), st.lists(floats, max_size=3).map(tuple)),
        policy=texts,
        policy_version=texts,
        state_version=st.integers(0, 2**40),
        reason=texts,
        branch=names,
        unit=names,
        conditional_propensity=st.one_of(st.none(), floats),
        carried=st.booleans(),
        tenant=names,
        session=names,
        category=names,
        tags=tags,
        prompt_hash=texts,
        more_features=st.dictionaries(texts, vectors, max_size=2),
        content=st.one_of(json_values, st.binary(max_size=3)),
    ),
    st.builds(
        Called,
        **head,
        call_id=texts,
        decision_id=texts,
        arm=texts,
        model=texts,
        reserved_usd=floats,
        reserved_tokens=st.integers(0, 2**40),
    ),
    st.builds(
        Settled,
        **head,
        call_id=texts,
        decision_id=texts,
        arm=texts,
        model=texts,
        usage=usages,
        cost_usd=floats,
        billing=st.sampled_from(get_args(Billing)),
        first_token_s=floats,
        inter_token_s=floats,
        latency_s=floats,
        queue_s=floats,
        finish_reason=texts,
        signals=st.dictionaries(texts, floats, max_size=2),
        error=st.one_of(st.none(), failures),
        response_hash=texts,
        content=names,
    ),
    st.builds(
        Observed,
        **head,
        decision_id=texts,
        request_id=texts,
        attempts=st.lists(
            st.builds(
                Ended,
                decision_id=texts,
                call_id=texts,
                cost_usd=floats,
                calls=st.integers(0, 9),
            ),
            max_size=2,
        ).map(tuple),
        total_cost_usd=floats,
        latency_s=floats,
        completed_at=floats,
        refused=st.booleans(),
    ),
    st.builds(
        Learned,
        **head,
        decision_id=texts,
        quality=floats,
        source=texts,
        received_at=floats,
    ),
    st.builds(
        Graded,
        **head,
        decision_id=texts,
        quality=floats,
        status=texts,
        source=texts,
        cost_usd=floats,
    ),
)
