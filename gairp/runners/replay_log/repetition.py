"""One learner's log, fed to the policy that wrote it."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from gairp.errors import DataError, GairpError
from gairp.policies.base import BasePolicy
from gairp.policies.candidates import keep
from gairp.records.events import Decided, Event, Learned, Observed, Opened, Settled
from gairp.rng import DecisionRng
from gairp.runners.replay_log.copies import Copies
from gairp.runners.replay_log.difference import differing, told
from gairp.runners.replay_log.feeding import Ahead
from gairp.runners.replay_log.past import Past
from gairp.runners.replay_log.rebuilt import job_of, rebuilt
from gairp.types import Attempt, Context, Decision


class Repetition:
    """Lets the policy decide anew wherever it decided, and learn whatever it learned.

    What it is told of outcomes and taught is the log's, also after a difference: one that is no
    consequence of an earlier one is counted for itself.
    """

    def __init__(self, opened: Opened, *, allow: Collection[str] = (), ahead: Ahead) -> None:
        """Raises DataError where the policy cannot be rebuilt, see `rebuilt`."""
        self.opened, self.allow = opened, allow
        self.policy, self.notes = rebuilt(opened, allow)
        self.past, self._copies = Past(ahead.learned), Copies(ahead.copies)
        self.decisions = self.learned = self.passed_over = 0
        self.same_arm = self.same_propensity = self.same = 0
        self.first: str | None = None  #: the first difference

    @property
    def identical(self) -> bool:
        """Nothing differs."""
        return self.first is None

    def feed(self, event: Event, seq: int) -> None:
        """The next event of this learner; DataError where the policy cannot go on."""
        self._copies.reached(seq, self.policy)
        if isinstance(event, Decided):
            self._decided(event)
        elif isinstance(event, Settled):
            self.past.settled(event)
        elif isinstance(event, Observed):
            self._observed(event)
        elif isinstance(event, Learned):
            self.policy.learn(*self.past.learned(event))
            self.learned += 1
        elif isinstance(event, Opened):
            self._opened_again(event)

    # -- events ---------------------------------------------------------------------------

    def _opened_again(self, event: Opened) -> None:
        """A process went on where another had stopped."""
        if event.config != self.opened.config or event.seed != self.opened.seed:
            raise DataError(
                f"learner {event.learner!r} was opened again with another seed or configuration; "
                "a log holds one learner under one name"
            )
        policy, notes = rebuilt(event, self.allow)
        self.notes += [note for note in notes if note not in self.notes]
        if event.start_state is not None:
            self.policy = policy

    def _decided(self, event: Decided) -> None:
        attempts = self.past.attempts(event.request_id)
        pending = self.past.decided(event)
        policy = self.policy
        if event.as_of is not None:
            policy = self._copies.take(event.as_of, event.decision_id)
        if event.kind == "shadow" or event.carried:
            self.passed_over += 1
            return
        pending.copied = event.as_of is not None
        if not self.decisions:
            self._require_beginning(event)
        self.decisions += 1
        again = self._again(event, policy, _branch_context(event, pending.context), attempts)
        if again is None:
            self._differs(f"decision {event.decision_id}: an escalation in the log, none now")
            return
        if event.branch is not None:
            again = _in_branch(pending.decision, again)
        fields = list(differing(pending.decision, again))
        self.same_arm += "arm" not in fields
        self.same_propensity += not {"propensity", "probabilities"}.intersection(fields)
        self.same += not fields
        if fields:
            self._differs(told(pending.decision, again, fields[0]))

    def _observed(self, event: Observed) -> None:
        pending = self.past.pending(event.decision_id, event.learner)
        attempts = self.past.attempts(event.request_id)
        # What a copy would have done next is not in the log: it may have been replaced meanwhile.
        if pending.response.error is None and not pending.copied:
            rng = DecisionRng(self.opened.seed, event.request_id, len(attempts))
            more = self.policy.next_decision(pending.context, attempts, rng)
            if more is not None:
                self._differs(
                    f"decision {event.decision_id}: the last one in the log, now an escalation to "
                    f"{more.arm!r} follows"
                )
        outcome = self.past.observed(event)
        self.policy.observe(pending.context, pending.decision, outcome)

    # -- deciding -------------------------------------------------------------------------

    def _again(
        self, event: Decided, policy: BasePolicy, context: Context, attempts: tuple[Attempt, ...]
    ) -> Decision | None:
        seed, request_id = self.opened.seed, event.request_id
        try:
            if event.kind in ("primary", "fallback"):
                return policy.decide(context, DecisionRng(seed, request_id, event.attempt))
            if event.kind == "escalation":
                rng = DecisionRng(seed, request_id, len(attempts))
                return policy.next_decision(context, attempts, rng)
        except GairpError as error:
            raise DataError(
                f"learner {event.learner!r}, decision {event.decision_id}: its policy cannot "
                f"decide here ({error})"
            ) from error
        raise DataError(
            f"learner {event.learner!r}, decision {event.decision_id}: a decision of kind "
            f"{event.kind!r} cannot be repeated; leave its learner out"
        )

    def _require_beginning(self, event: Decided) -> None:
        """A policy whose state cannot be kept must have begun with none."""
        if self.opened.start_state is None and event.state_version:
            target = job_of(self.opened).config.get("_target_")
            raise DataError(
                f"learner {event.learner!r} had learned {event.state_version} times before its "
                f"log began, and the log lacks that state ({target} is marked restorable=False); "
                "only a run that starts cold can be repeated (protocol=cold_start)"
            )

    def _differs(self, what: str) -> None:
        if self.first is None:
            self.first = what


def _branch_context(event: Decided, context: Context) -> Context:
    """What the policy of a drawn branch could choose among: its own arms, if any was there."""
    own = event.tags.get("branch_arms")
    if event.branch is None or own is None:
        return context
    columns = [i for i, name in enumerate(context.candidates) if name in own.split(",")]
    return keep(context, columns) if columns else context


def _in_branch(logged: Decision, again: Decision) -> Decision:
    """The repeated decision as the log has it: the other branches' chances are theirs to repeat."""
    return msgspec.structs.replace(
        logged, arm=again.arm, conditional_propensity=again.propensity, policy=again.policy,
        state_version=again.state_version,
    )  # fmt: skip
