"""Workers, learner and parent are killed in traffic: nothing that was answered is lost."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
from sqlalchemy import select

from gairp.backends.fake import FakeServer
from gairp.gateway.audit.chain import verify
from gairp.gateway.database.store import open_store
from gairp.gateway.ledger.tables import ATTEMPTS
from gairp.records.events import Learned, Settled
from gairp.records.reading import read_events
from gairp.runners.replay_log.runner import ReplayLogRunner
from tests.gateway.workers.cluster import Cluster, alive, cluster, until
from tests.gateway.world import HI, MODELS


class Traffic:
    """Clients that ask and tell, whoever is killed; what they were answered counts."""

    def __init__(self, url: str, clients: int = 3) -> None:
        self._url, self._over = url, threading.Event()
        self.answered: list[str] = []  #: decisions
        self.told: dict[str, str] = {}  #: decision -> what became of its feedback
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]

    @contextmanager
    def going(self) -> Iterator[Traffic]:
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join(30)

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                with httpx2.Client(base_url=self._url, timeout=20.0) as client:
                    for _ in range(20):  # and then another connection, to another worker maybe
                        self._ask(client)
                        if self._over.wait(0.02):
                            return
            except httpx2.TransportError:
                self._over.wait(0.02)

    def _ask(self, client: httpx2.Client) -> None:
        body = {"model": "gairp/auto", "messages": HI}
        answer = client.post("/v1/chat/completions", json=body)
        if answer.status_code != 200:
            return
        name = answer.headers["x-gairp-decision-id"]
        self.answered.append(name)
        told = client.post("/v1/feedback", json={"decision_id": name, "score": 0.6})
        if told.status_code == 200:
            self.told[name] = told.json()["status"]

    def more(self, count: int) -> None:
        """Until so many more were answered and told of."""
        want = len(self.told) + count
        until(lambda: len(self.told) >= want, f"{count} more")


def test_whoever_is_killed_nothing_that_was_answered_is_lost(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with FakeServer({"models": dict(MODELS)}).in_thread() as fake:
        first = Cluster(fake, home)
        with Traffic(first.url).going() as traffic:
            traffic.more(10)
            _replaced(first, "1", traffic)
            _replaced(first, "learner", traffic)
            orphans = first.children()
            assert len(orphans) == 3
            first.kill_all([first.parent.pid])
        until(lambda: not any(map(alive, orphans)), "the children go as well")
        second = Cluster(fake, home)
        _still_known(second, traffic)
        assert second.stop() == 0
        calls = fake.ledger.total.calls
    _books_agree(home, traffic, calls)
    ReplayLogRunner(log=home / "journal", out=tmp_path / "out").run()


def _replaced(it: Cluster, name: str, traffic: Traffic) -> None:
    before = it.pid(name)
    it.kill(name)
    traffic.more(10)
    until(lambda: it.pid(name) != before, f"{name} is started anew")
    traffic.more(10)
    if name != "learner":
        assert it.ask(name).status_code == 200


def _still_known(it: Cluster, traffic: Traffic) -> None:
    """Feedback from before the kills is known; some that was never answered is taken now."""
    for name in traffic.answered[:5]:
        assert it.tell("1", name, 0.6) == "duplicate"
    late = [name for name in traffic.answered if name not in traffic.told]
    for name in late:
        assert it.tell("2", name, 0.6) in ("learned", "duplicate")


def _books_agree(home: Path, traffic: Traffic, calls: int) -> None:
    store = open_store(f"sqlite:///{home}/ledger.db")
    with store.connect() as connection:
        rows = connection.execute(select(ATTEMPTS.c.decision_id, ATTEMPTS.c.state)).all()
    store.dispose()
    states = Counter(state for _, state in rows)
    assert set(states) <= {"settled", "unknown"}
    assert states["unknown"] <= 3 * 3  # of each kill what was under way
    assert set(traffic.answered) <= {name for name, state in rows if state == "settled"}
    assert states["settled"] <= calls <= len(rows)
    events = list(read_events(home / "journal"))
    ended = Counter(event.call_id for event in events if isinstance(event, Settled))
    assert max(ended.values()) == 1
    learned = Counter(event.decision_id for event in events if isinstance(event, Learned))
    assert set(learned.values()) == {1}
    assert set(learned) >= set(traffic.told)
    assert verify(home / "audit.jsonl").lines == len(ended) + len(learned)


def test_one_process_goes_on_where_several_were_killed(tmp_path: Path) -> None:
    """What only the workers' journals have is not left behind."""
    home = tmp_path / "home"
    with cluster(home, publish={"learns": 1, "after_s": 0.01}) as it:
        it.ask("1")
        os.kill(it.pid("learner"), signal.SIGSTOP)
        names = [it.ask(worker).headers["x-gairp-decision-id"] for worker in ("1", "2")]
        children = it.children()
        it.kill_all([it.parent.pid, *children])
        until(lambda: not any(map(alive, children)), "all are gone")
    with cluster(home, workers=1) as alone:
        http = httpx2.Client(base_url=alone.url)
        for name in names:
            told = http.post("/v1/feedback", json={"decision_id": name, "score": 1.0})
            assert told.json()["status"] == "learned"
        http.close()
    ReplayLogRunner(log=home / "journal", out=tmp_path / "out").run()
