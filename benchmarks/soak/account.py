"""From the books to the promises: what was kept, and what was not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.soak.books import Books
from benchmarks.soak.load import Answer
from benchmarks.soak.run import Soaked

GRACE_S = 0.05
#: A client that was told one of these has heard from the gateway itself.
_HEARD = ("answered", "refused", "broken", "unended")


@dataclass(frozen=True, kw_only=True)
class Account:
    """`told` counts what clients were told; the others say which promises were kept."""

    told: Mapping[str, int]
    codes: Mapping[str, int]  #: of refusals
    failed_over: int  #: answers that were not the first attempt's
    attempts: int
    settled: int  #: attempts whose cost the gateway knew itself
    broken_off: int  #: attempts that a fault broke off: held, then reconciled
    cut_off: int  #: attempts that a kill cut off: held, then reconciled
    cut_off_most: int  #: requests in flight at the kills, and hedges cut off beside their first
    unreconciled: int
    lost: tuple[str, ...]
    billed_twice: tuple[str, ...]
    differ: tuple[str, ...]  #: attempts of which ledger and servers say different things
    ledger_tokens: int
    upstream_tokens: int
    latest_s: float  #: how long after its deadline the latest response came; below 0: before
    latest_waited_s: float  #: of which gateway and load waited for a core
    late: tuple[str, ...]
    audit_lines: int
    audit_wrong: str
    held: int  #: calls that the shared budget held at the end
    budget_off: int  #: picodollars between the shared budget and the ledger

    def broken(self) -> list[str]:
        """The promises that were not kept."""
        wrong = [
            *[f"lost: {name}" for name in self.lost[:5]],
            *[f"billed twice: {name}" for name in self.billed_twice[:5]],
            *[f"ledger and upstream differ: {name}" for name in self.differ[:5]],
        ]
        if self.told.get("unended"):
            wrong.append(f"{self.told['unended']} streams ended as if they were complete")
        if self.cut_off > self.cut_off_most:
            wrong.append(f"{self.cut_off} attempts cut off, {self.cut_off_most} were in flight")
        if self.unreconciled:
            wrong.append(f"{self.unreconciled} attempts are still unknown")
        if self.budget_off:
            wrong.append(f"the shared budget is off by {self.budget_off} picodollars")
        if self.late:
            wrong.append(f"{len(self.late)} late responses: {'; '.join(self.late[:5])}")
        return wrong + ([f"audit log: {self.audit_wrong}"] if self.audit_wrong else [])

    def summary(self) -> dict[str, Any]:
        """The last line."""
        return {
            "answered": self.told.get("answered", 0),
            "failed_over": self.failed_over,
            "refused": self.told.get("refused", 0),
            "unknown": self.cut_off,
            "lost": len(self.lost),
            "billed_twice": len(self.billed_twice),
            "ledger_minus_upstream": len(self.differ),
            "audit_ok": not self.audit_wrong,
        }


def account(soaked: Soaked, books: Books) -> Account:
    """Hold the books against each other, and against what clients were told."""
    answers = soaked.load.answers
    heard = [a for a in answers if a.told in _HEARD]
    latest = max(heard, key=lambda a: a.seconds, default=Answer(told="away", kind="", seconds=0.0))
    answered = [a for a in answers if a.told == "answered"]
    cut_off = [name for name in books.called if name not in books.settled]
    broken_off = [name for name, event in books.settled.items() if event.billing == "unknown"]
    return Account(
        told=Counter(a.told for a in answers),
        codes=Counter(a.code for a in answers if a.told == "refused"),
        failed_over=sum(a.attempts > 1 for a in answered),
        attempts=len(books.rows),
        settled=len(books.settled) - len(broken_off),
        broken_off=len(broken_off),
        cut_off=len(cut_off),
        cut_off_most=sum(soaked.in_flight) + _hedged(cut_off),
        unreconciled=sum(row.state in ("unknown", "intent") for row in books.rows.values()),
        lost=tuple(_lost(answered, books)),
        billed_twice=tuple(_twice(books)),
        differ=tuple(_differ(books)),
        ledger_tokens=sum(r.input_tokens + r.output_tokens for r in books.rows.values()),
        upstream_tokens=sum(c.input_tokens + c.output_tokens for c in books.upstream.values()),
        latest_s=latest.seconds - soaked.gateway.deadline_s,
        latest_waited_s=soaked.waits.between(latest.at, latest.at + latest.seconds),
        late=tuple(_late(heard, soaked)),
        audit_lines=books.audit_lines,
        audit_wrong=books.audit_wrong,
        held=books.held,
        budget_off=_budget_off(books),
    )


def _hedged(call_ids: Sequence[str]) -> int:
    """Requests whose first attempt and hedge are both among these."""
    requests = {name.partition("/")[0] for name in call_ids}
    return sum(f"{request}+h" in requests for request in requests)


def _budget_off(books: Books) -> int:
    """What is held for nobody counts as well."""
    if books.budget is None:
        return 0
    spent, held = books.budget
    return abs(spent - sum(row.cost_pico for row in books.rows.values())) + held


def _late(heard: Sequence[Answer], soaked: Soaked) -> list[str]:
    """Later than the deadline allows, also without the time that was waited for a core."""
    most, waited = soaked.gateway.deadline_s + GRACE_S, soaked.waits.between
    return [
        f"{a.kind}, {a.told} after {a.seconds:.3f} s"
        for a in heard
        if a.seconds > most and a.seconds - waited(a.at, a.at + a.seconds) > most
    ]


def _lost(answered: Sequence[Answer], books: Books) -> list[str]:
    """Answers that clients have and the ledger lacks; attempts that one book lacks."""
    paid = {name.rpartition(".")[0] for name, row in books.rows.items() if row.state == "settled"}
    found = [f"answer of decision {a.decision_id}" for a in answered if a.decision_id not in paid]
    found += [f"attempt {name} of the journal" for name in books.called if name not in books.rows]
    found += [f"call {name} of a server" for name in books.upstream if name not in books.called]
    nobody = [name for name, row in books.rows.items() if not row.tenant]
    return found + [f"whose attempt {name} was" for name in nobody]


def _twice(books: Books) -> list[str]:
    """Attempts that a server charged twice or that were settled twice; requests answered twice."""
    found = [f"attempt {name}" for name, c in books.upstream.items() if c.billed > 1 or c.came > 1]
    if books.settled_twice:
        found.append(f"{books.settled_twice} settlements of the journal")
    good = Counter(
        name.rpartition("/")[0] for name, event in books.settled.items() if event.error is None
    )
    return found + [f"request {name}" for name, count in good.items() if count > 1]


def _differ(books: Books) -> list[str]:
    """Tokens must be equal where the server reported them, or where they were reconciled."""
    found = []
    for name, row in books.rows.items():
        charge, event = books.upstream.get(name), books.settled.get(name)
        theirs = (0, 0) if charge is None else (charge.input_tokens, charge.output_tokens)
        ours = (row.input_tokens, row.output_tokens)
        told = name in books.unknown or event is None or event.usage.source == "reported"
        paid = row.state == "settled" and any(ours)
        if row.state == "free":
            ours = (0, 0)
        if (told and ours != theirs) or paid != any(theirs):
            found.append(f"{name} on {row.arm} ({row.state}): {ours}, server {theirs}")
    return found
