"""One bandit on one order of requests: what it is worth after so many of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gairp.policies.base import BasePolicy
from gairp.protocols import Trainable
from gairp.replay.runlog import RunLog
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.runners.replay.job import Job, Protocol, build_policy, replay_engine
from gairp.runners.replay.prepared import Prepared
from gairp.types import Context, Floats

Rows = NDArray[np.int64]


class Course(NamedTuple):
    """At each checkpoint [c]: utility on held-out prompts, and that of the requests until then."""

    held_out: Floats
    earned: Floats

    def until(self, checkpoints: int) -> Course:
        """The first so many checkpoints."""
        return Course(self.held_out[:checkpoints], self.earned[:checkpoints])


@dataclass(frozen=True, slots=True)
class Scene:
    """Who may see what: rows that the prior is read from, that come, and that are held out."""

    prepared: Prepared
    train: Rows
    stream: Rows
    held_out: Rows

    @classmethod
    def of(cls, prepared: Prepared, *, elsewhere: bool) -> Scene:
        """A third of test is held out and the rest comes; the prior is read from train.

        With `elsewhere` the prior has seen every other category, and those in between come.
        """
        kinds = sorted(set(prepared.categories))
        odd = np.isin(np.array(prepared.categories), kinds[1::2])
        train, test = prepared.rows("train"), prepared.rows("test")
        mixed = np.random.default_rng(7).permutation(test)
        held_out, stream = np.sort(mixed[: len(mixed) // 3]), np.sort(mixed[len(mixed) // 3 :])
        if not elsewhere:
            return cls(prepared, train, stream, held_out)
        return cls(prepared, train[~odd[train]], stream[odd[stream]], held_out[odd[held_out]])

    def course(
        self,
        config: Mapping[str, Any],
        *,
        rows: int | None,
        utility: Mapping[str, Any],
        checkpoints: Sequence[int],
        passes: int,
        seed: int,
    ) -> Course:
        """Fit on `rows` of the train rows (all by default), then learn online, and look in between.

        Requests come in `passes` over the stream, each in an order of its own.
        Held-out prompts are decided by the policy as it stands, exploration included, and never
        learned from.
        """
        job = Job(policy="bandit", config=config, seed=seed, utility=utility, protocol=Protocol())
        policy, order = build_policy(job), self._order(passes, seed)
        if isinstance(policy, Trainable):
            policy.fit(self._train(rows, seed), np.random.default_rng([seed, 2]))
        log = RunLog(self.prepared.arms)
        held_out = []
        for start, end in zip([0, *checkpoints[:-1]], checkpoints, strict=True):
            # Another seed each time: randomness hangs on the prompt, which comes again.
            engine = replay_engine(
                self.prepared, policy, job, learn=True, seed=seed + (start << 32)
            )
            engine.run(self.prepared.outcomes.prompts(order[start:end]), log)
            held_out.append(self._value(policy, Utility(**utility), seed))
        columns = log.columns()
        utilities = Utility(**utility).of_arrays(
            columns["quality"], columns["cost_usd"], columns["latency_s"]
        )
        earned = np.concatenate([[0.0], np.cumsum(utilities)])
        at = np.minimum(checkpoints, len(order))
        return Course(np.array(held_out), earned[at])

    def _order(self, passes: int, seed: int) -> Rows:
        rng = np.random.default_rng([seed, 5])
        return np.concatenate([rng.permutation(self.stream) for _ in range(passes)])

    def _train(self, rows: int | None, seed: int) -> Any:
        every = self.prepared.training_set("train")
        ours = np.searchsorted(self.prepared.rows("train"), self.train)
        if rows is not None:
            ours = np.sort(np.random.default_rng([seed, 6]).permutation(ours)[:rows])
        return every.rows(ours)

    def _value(self, policy: BasePolicy, utility: Utility, seed: int) -> float:
        table, arms = self.prepared.outcomes, self.prepared.arms
        cost = self.prepared.expected_cost("train")
        taken = []
        for row in self.held_out.tolist():
            context = Context(
                request_id=table.prompt_ids[row],
                features=table.features[row],
                candidates=arms,
                expected_cost=cost,
                max_cost=cost,
                now=0.0,
            )
            decision = policy.decide(context, DecisionRng(seed, context.request_id))
            taken.append(arms.index(decision.arm))
        return float(worth(self.prepared, utility)[self.held_out, taken].mean())


def worth(prepared: Prepared, utility: Utility) -> Floats:
    """Utility of every answer [n, k]."""
    table, nothing = prepared.outcomes, np.float64(np.nan)
    return np.asarray(
        utility.of_arrays(
            table.quality,
            nothing if table.cost_usd is None else table.cost_usd,
            nothing if table.latency_s is None else table.latency_s,
        )
    )
