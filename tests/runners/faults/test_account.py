"""Each broken promise is noticed, and nothing else is taken for one."""

from __future__ import annotations

from typing import Any

from gairp.backends.fake.ledger import Call as Asked
from gairp.records.events import Called, Ended, Event, Observed, Settled
from gairp.routing.steps import Call
from gairp.runners.faults.account import Account, account
from gairp.runners.faults.serving import Served
from gairp.types import Decision, Failure, Request, Response, Usage

USAGE = Usage(input_tokens=6.0, output_tokens=14.0)
BROKEN = Failure(kind="connection", message="x", billing_unknown=True)
OVERDUE = Failure(kind="timeout", message="x", billing_unknown=True)
UNSENT = Failure(kind="timeout", message="x")
LEFT = Failure(kind="cancelled", message="x", billing_unknown=True)


def called(call_id: str = "r/0.0") -> Called:
    return Called(
        learner="l", at=0.0, call_id=call_id, decision_id="r/0", arm="a", model="m",
        reserved_usd=1.0, reserved_tokens=400,
    )  # fmt: skip


def settled(call_id: str = "r/0.0", error: Failure | None = None) -> Settled:
    failed: Any = "unknown" if error is not None and error.billing_unknown else "free"
    billing: Any = "billed" if error is None else failed
    return Settled(
        learner="l", at=0.0, call_id=call_id, decision_id="r/0", arm="a", model="m", usage=USAGE,
        cost_usd=0.1, billing=billing, first_token_s=0.1, latency_s=0.2, finish_reason="stop",
        error=error,
    )  # fmt: skip


def observed(call_id: str = "r/0.0") -> Observed:
    ended = Ended(decision_id="r/0", call_id=call_id, cost_usd=0.1, calls=1)
    return Observed(
        learner="l", at=0.0, decision_id="r/0", request_id="r", attempts=(ended,),
        total_cost_usd=0.1, latency_s=0.2, completed_at=1.0, refused=False,
    )  # fmt: skip


def answered(*events: Event) -> Served:
    decision = Decision(
        id="r/0", request_id="r", arm="a", propensity=1.0, probabilities=(1.0,), policy="p",
        state_version=0,
    )  # fmt: skip
    call = Call(request=Request(id="r"), decision=decision, id="r/0.0")
    return Served(responses=[(call, Response(model="m", usage=USAGE))], events=list(events))


def asked(call_id: str = "r/0.0", **fields: Any) -> Asked:
    charge = {"billed_input": 6, "billed_output": 14, "finished": True, **fields}
    return Asked(number=1, id=call_id, attempt=1, **charge)


WELL: tuple[Event, ...] = (called(), settled(), observed())


def test_an_answer_that_is_kept() -> None:
    whole = account(answered(*WELL), [asked()])
    assert whole == Account(calls=1, billed=20, charged=20)
    assert whole.broken() == []


def test_an_answer_that_the_journal_lacks() -> None:
    assert account(answered(called(), settled()), [asked()]).broken() == ["lost 1"]
    assert account(answered(called()), [asked()]).broken() == ["lost 1"]


def test_an_answer_that_was_sent_and_never_seen() -> None:
    nobody = Served(events=[called(), settled(error=BROKEN)])
    assert account(nobody, [asked()]).broken() == ["lost 1"]
    assert account(nobody, [asked(faults=("garbage_json",))]).broken() == []


def test_an_answer_to_nobody_is_no_loss() -> None:
    overdue: list[Event] = [called(), settled(error=OVERDUE)]
    assert account(Served(events=overdue, gave_up={"r/0.0"}), [asked()]).broken() == []
    # Said to be overdue, and its time was not up: a client that throws an answer away.
    assert account(Served(events=overdue), [asked()]).broken() == ["lost 1"]
    left: list[Event] = [called(), settled(error=LEFT)]
    assert account(Served(events=left, left={"r"}), [asked()]).broken() == []
    assert account(Served(events=left), [asked()]).broken() == ["lost 1"]


def test_a_call_that_was_charged_and_is_taken_for_unsent() -> None:
    unsent = Served(events=[called(), settled(error=UNSENT)], gave_up={"r/0.0"})
    assert account(unsent, [asked()]).broken() == ["uncovered 20"]
    # What another call of the same request holds does not cover it.
    again = Served(
        events=[*unsent.events, called("r/0.1"), settled("r/0.1", error=OVERDUE)],
        gave_up={"r/0.0", "r/0.1"},
    )
    both = account(again, [asked(), asked("r/0.1")])
    assert (both.held, both.broken()) == (400, ["uncovered 20"])


def test_a_call_that_is_settled_twice_or_made_after_the_answer() -> None:
    assert account(answered(*WELL, settled()), [asked()]).twice == 1
    again = answered(*WELL, called("r/1.0"), settled("r/1.0", BROKEN))
    assert account(again, [asked(), asked("r/1.0", finished=False)]).broken() == ["twice 1"]


def test_a_call_that_nobody_knows_of() -> None:
    found = account(answered(*WELL), [asked(), asked(finished=False, billed_output=0)])
    assert found.broken() == ["hidden 1", "uncovered 6"]


def test_what_is_held_covers_what_a_broken_call_may_have_cost() -> None:
    broken = Served(events=[called(), settled(error=BROKEN)])
    held = account(broken, [asked(finished=False, billed_output=400 - 6)])
    assert (held.billed, held.held, held.charged, held.uncovered) == (0, 400, 400, 0)
    unsettled = Served(events=[called()])
    assert account(unsettled, [asked(finished=False, billed_output=400)]).uncovered == 6
