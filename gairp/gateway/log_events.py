"""The events that the gateway logs by name; the page of operations is made of these."""

from __future__ import annotations

from collections.abc import Mapping

#: name -> what has happened, and the facts beside it.
LOG_EVENTS: Mapping[str, str] = {
    "gateway.started": "it takes requests: `url`, `arms`, `policies`",
    "gateway.stopping": "it takes no more: `in_flight`",
    "gateway.stopped": "all is settled and put away",
    "gateway.request": "an answer has gone out (with `log.access`): `request`, `operation`, "
    "`status`, `seconds`, `tenant`, `key`, `decision`, `arm`, `calls`",
    "gateway.failed": "a fault of the gateway's own was answered with 500: `request`",
    "server.starting": "a model server of the gateway's own is started: `backend`",
    "rules.reloaded": "the rules were read anew: `file`",
    "rules.refused": "the new file of rules is wrong, and the old rules stay: `file`",
    "policy.swapped": "another version of a policy is in charge: `policy`, `version`",
    "policy.refused": "the version that the alias points at cannot be served: `policy`",
    "breaker.opened": "a model fails, and is left alone: `model`, `cause`",
    "breaker.closed": "it answers again: `model`",
    "arm.ejected": "an arm fails more often than its peers: `arm`, `seconds`",
    "feed.stalled": "ledger, audit log or content stands still: `feed`",
    "feed.resumed": "it goes on: `feed`",
    "feeds.restarted": "the process of the feeds ended before its time: `code`",
    "feeds.failed": "the process of the feeds cannot work, and says why",
    "feeds.behind": "it had not taken all when the gateway ended; it will at the next start",
    "content.dropped": "content is not kept, since too much waits for the database",
    "content.purged": "content whose time was over is deleted: `count`",
    "budget.unpriced": "arms without a price are refused to whoever has a budget in USD: `arms`, "
    "`quotas`",
    "holds.unseen": "what budgets hold cannot be looked after now",
    "accounts.unseen": "changes to tenants and keys are not seen now",
    "issuer.refused": "a token issuer in the database is wrong: `issuer`",
    "issuer.unreachable": "its keys cannot be fetched: `issuer`",
    "issuer.key_refused": "one of its keys is of no use",
    "watch.failed": "what was seen of a request could not be told to logs or traces: `request`",
    "process.failed": "a worker or the learner cannot work, and says why",
    "process.ended": "a worker or the learner ended, and is started anew: `process`, `seconds`",
    "process.killed": "it did not end in time when the gateway did: `process`",
    "learner.refused": "a learner cannot take in what a worker logged: `learner`",
    "learner.failed": "a question for the learner failed: `what`",
    "worker.deaf": "a worker does not hear what was learned, and is cut off",
    "state.refused": "a worker cannot take up what was learned, and keeps what it had: `worker`",
    "shadow.failed": "a shadow request failed inside the gateway: `request`",
    "log": "anything else, of libraries too",
}
