"""From the journal's events to rows, each once, however often and in whatever pieces they come."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, select, update

from gairp.gateway.database.many import Many
from gairp.gateway.database.store import insert_into
from gairp.gateway.ledger.left_behind import LeftBehind
from gairp.gateway.ledger.tables import ATTEMPTS, PROGRESS
from gairp.gateway.limits.purse import pico
from gairp.records.events import Called, Decided, Event, Observed, Opened, Settled

Row = dict[str, Any]
Batch = Sequence[tuple[int, Event]]
_KNOWN = 20_000
_DAY_S = 86_400
_MOST_PICO, _MOST_TOKENS = 2**63 - 1, 2**31 - 1  #: of the columns
_STATES = {"billed": "settled", "free": "free", "cached": "free", "unknown": "unknown"}
#: What a settlement says of a row that is there.
_SETTLED = (
    "model", "state", "cost_pico", "price_date", "input_tokens", "output_tokens", "cached_tokens",
    "latency_s", "first_token_s", "error",
)  # fmt: skip


PriceDate = Callable[[str, str, str], str | None]


def _no_date(model: str, arm: str, day: str) -> None:
    return None


class LedgerFeed:
    """Takes batches of (position, event) of one journal; progress is in the same transaction."""

    def __init__(
        self, engine: Engine, journal: str = "gateway", *, price_date: PriceDate = _no_date
    ) -> None:
        """`price_date` finds, for the model that answered, the arm and the day of its bill, since
        when the price was in force; None where it cannot be known.
        """
        self._engine, self._journal, self._price_date = engine, journal, price_date
        self._decided: OrderedDict[str, Row] = OrderedDict()  # what rows repeat of their decision
        # Decisions whose calls may still come -> where they stand, and whose they are.
        self._open: OrderedDict[str, tuple[int, str]] = OrderedDict()
        self._seq = self._progress()

    @property
    def seq(self) -> int:
        """The next position of the journal that is wanted."""
        return self._seq

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def take(self, batch: Batch) -> None:
        """Write; raises SQLAlchemyError where the database does not, and then nothing has happened.

        Events before `seq` were taken already.
        """
        fresh = [(seq, event) for seq, event in batch if seq >= self._seq]
        if not fresh:
            return
        with self._engine.begin() as connection:
            piece: list[Event] = []
            for seq, event in fresh:
                self._follow(seq, event)
                if isinstance(event, Opened):  # a restart: what was under way will not be settled
                    self._write(connection, piece)
                    piece = []
                    _mark_unknown(connection, event)
                else:
                    piece.append(event)
            self._write(connection, piece)
            end = fresh[-1][0] + 1
            # A next process begins where the oldest open decision stands: its calls need it.
            self._note(connection, next(iter(self._open.values()), (end, ""))[0])
        self._seq = end

    # -- inside ----------------------------------------------------------------------------

    def _follow(self, seq: int, event: Event) -> None:
        if isinstance(event, Decided):
            self._open[event.decision_id] = seq, event.learner
            if len(self._open) > _KNOWN:
                self._open.popitem(last=False)
        elif isinstance(event, Observed):
            for ended in event.attempts:
                self._open.pop(ended.decision_id, None)
        elif isinstance(event, Settled) and _last_heard(event):
            self._open.pop(event.decision_id, None)
        elif isinstance(event, Opened):  # those of before a restart are not gone on with
            left = LeftBehind.of(event)
            gone = [
                name for name, (_, owner) in self._open.items()
                if owner == event.learner and left.has(name)
            ]  # fmt: skip
            for name in gone:
                del self._open[name]

    def _write(self, connection: Connection, events: Sequence[Event]) -> None:
        called: dict[str, Row] = {}
        settled: dict[str, Row] = {}
        for event in events:
            if isinstance(event, Decided):
                self._keep(event)
            elif isinstance(event, Called):
                called[event.call_id] = self._intent(connection, event)
            elif isinstance(event, Settled):
                settled[event.call_id] = self._settlement(event)
            elif isinstance(event, Observed):  # no call of these will come any more
                for ended in event.attempts:
                    self._decided.pop(ended.decision_id, None)
        whole = [{**row, **settled.pop(name)} for name, row in called.items() if name in settled]
        names = {row["call_id"] for row in whole}
        begun = [row for name, row in called.items() if name not in names]
        _WHOLE.execute(connection, whole)
        _BEGUN.execute(connection, begun)
        _ENDED.execute(
            connection,
            [{**row, "b_call": name, "b_state": row["state"]} for name, row in settled.items()],
        )

    def _keep(self, event: Decided) -> None:
        self._decided[event.decision_id] = {
            "decision_id": event.decision_id,
            "request_id": event.request_id,
            "tenant": event.tenant or "",
            "project": event.tags.get("project", ""),
            "key_id": event.tags.get("key", ""),
            "operation": event.tags.get("operation", ""),
            "learner": event.learner,
            "kind": event.kind,
        }
        if len(self._decided) > _KNOWN:
            self._decided.popitem(last=False)

    def _intent(self, connection: Connection, event: Called) -> Row:
        known = self._decided.get(event.decision_id) or _of_decision(connection, event)
        return {
            **known,
            "call_id": event.call_id,
            "arm": event.arm,
            "model_asked": event.model,
            "model": event.model,
            "state": "intent",
            "reserved_pico": _pico(event.reserved_usd) or 0,
            "cost_pico": None,
            "price_date": None,
            "input_tokens": None,
            "output_tokens": None,
            "cached_tokens": None,
            "day": _day(event.at),
            "at": event.at,
            "latency_s": None,
            "first_token_s": None,
            "error": None,
        }

    def _settlement(self, event: Settled) -> Row:
        usage, state = event.usage, _STATES[event.billing]
        cost = None if state == "unknown" else _pico(event.cost_usd)
        priced = state == "settled" and cost is not None
        return {
            "model": _name(event.model),
            "state": state,
            "cost_pico": cost,
            "price_date": self._price_date(event.model, event.arm, _day(event.at))
            if priced
            else None,
            "input_tokens": _count(usage.input_tokens),
            "output_tokens": _count(usage.output_tokens),
            "cached_tokens": _count(usage.cached_tokens),
            "latency_s": _number(event.latency_s),
            "first_token_s": _number(event.first_token_s),
            "error": None if event.error is None else event.error.kind,
        }

    def _progress(self) -> int:
        with self._engine.connect() as connection:
            found = connection.execute(
                select(PROGRESS.c.seq).where(PROGRESS.c.journal == self._journal)
            ).scalar()
        return int(found or 0)

    def _note(self, connection: Connection, seq: int) -> None:
        done = connection.execute(
            update(PROGRESS).where(PROGRESS.c.journal == self._journal).values(seq=seq)
        )
        if not done.rowcount:
            connection.execute(PROGRESS.insert().values(journal=self._journal, seq=seq))


def _insert_whole(connection: Connection) -> Any:
    insert: Any = insert_into(connection, ATTEMPTS)
    return insert.on_conflict_do_update(
        index_elements=["call_id"],
        set_={name: insert.excluded[name] for name in _SETTLED},
        # What was reconciled stays so, also where the journal is read again.
        where=(ATTEMPTS.c.state == "intent") | (insert.excluded.state != "unknown"),
    )


def _insert_begun(connection: Connection) -> Any:
    insert: Any = insert_into(connection, ATTEMPTS)
    return insert.on_conflict_do_nothing(index_elements=["call_id"])


def _update_ended(connection: Connection) -> Any:
    return (
        update(ATTEMPTS)
        .where(
            ATTEMPTS.c.call_id == bindparam("b_call"),
            (ATTEMPTS.c.state == "intent") | (bindparam("b_state") != "unknown"),
        )
        .values(**{name: bindparam(name) for name in _SETTLED})
    )


#: Intent and settlement at once, an intent alone, and a settlement of an intent that is there.
_WHOLE, _BEGUN, _ENDED = Many(_insert_whole), Many(_insert_begun), Many(_update_ended)


def _last_heard(event: Settled) -> bool:
    """Whether nothing more will come of its decision, though no outcome is observed."""
    left = event.error is not None and event.error.kind == "cancelled"
    return left or "/shadow" in event.decision_id


def _of_decision(connection: Connection, event: Called) -> Row:
    """What an earlier call of the same decision says; a retry after a restart has no Decided."""
    names = ("decision_id", "request_id", "tenant", "project", "key_id", "operation", "kind")
    columns = [ATTEMPTS.c[name] for name in names]
    row = connection.execute(
        select(*columns).where(ATTEMPTS.c.decision_id == event.decision_id).limit(1)
    ).first()
    known = dict.fromkeys(names, "") if row is None else dict(row._mapping)
    return {**known, "decision_id": event.decision_id, "learner": event.learner}


def _mark_unknown(connection: Connection, opened: Opened) -> None:
    left = LeftBehind.of(opened)
    rows = (ATTEMPTS.c.state == "intent") & (ATTEMPTS.c.learner == opened.learner)
    rows &= ATTEMPTS.c.request_id.startswith(left.prefix, autoescape=True)
    for prefix in left.but:
        rows &= ~ATTEMPTS.c.request_id.startswith(prefix, autoescape=True)
    connection.execute(update(ATTEMPTS).where(rows).values(state="unknown"))


def _day(at: float) -> str:
    """The date in UTC, which many attempts share."""
    return _date(int(at // _DAY_S))


@cache
def _date(day: int) -> str:
    return datetime.fromtimestamp(day * _DAY_S, UTC).strftime("%Y-%m-%d")


def _pico(usd: float) -> int | None:
    return min(pico(usd), _MOST_PICO) if math.isfinite(usd) else None


def _count(value: float) -> int | None:
    return min(int(value), _MOST_TOKENS) if math.isfinite(value) else None


def _name(told: str) -> str:
    """As a column can hold it: what servers say of themselves must not stop the ledger."""
    return told.replace("\0", "?").encode("utf-8", "replace").decode()[:255]


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
