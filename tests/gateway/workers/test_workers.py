"""Several workers and one learner, as real processes."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pandas as pd

from gairp.gateway.audit.chain import verify
from gairp.records.events import Decided, Learned
from gairp.records.reading import read_events
from gairp.runners.replay_log.runner import ReplayLogRunner
from tests.gateway.workers.cluster import Cluster, cluster, rows, until


def test_workers_share_a_port_a_learner_and_the_books(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with cluster(home, faults=[{"kind": "status_500", "when": "every 9"}]) as it:
        names = _taught_from_elsewhere(it)
        _explained_from_elsewhere(it, names)
        _counted_together(it)
        assert it.stop() == 0
    events = list(read_events(home / "journal"))
    decided = [event for event in events if isinstance(event, Decided)]
    assert {event.decision_id.split("-")[1] for event in decided} == {"w1", "w2"}
    learned = [event for event in events if isinstance(event, Learned)]
    clients = [event for event in learned if event.source == "client:score"]
    assert [event.decision_id for event in clients] == names
    settled = sum(rows(home).values())
    assert verify(home / "audit.jsonl").lines == settled + len(learned)
    _repeats(home, tmp_path / "out")


def _taught_from_elsewhere(it: Cluster) -> list[str]:
    """What one worker answered is told to the other, and changes how the first decides."""
    names = []
    for i in range(24):
        here, there = ("1", "2") if i % 2 else ("2", "1")
        answer = it.ask(here, text=f"question {i} of {i * i}")
        names.append(answer.headers["x-gairp-decision-id"])
        score = 1.0 if answer.headers["x-gairp-arm"] == "large" else 0.1
        assert it.tell(there, names[-1], score) == "learned"
    assert it.tell("1", names[0], 0.5) == "duplicate"
    unknown = it.at("1").post("/v1/feedback", json={"decision_id": "req-w9-1-1/0", "score": 1.0})
    assert unknown.status_code == 404
    for worker in ("1", "2"):
        until(lambda w=worker: _version(it, w) >= 24, f"worker {worker} has what was learned")
    return names


def _version(it: Cluster, worker: str) -> int:
    """Updates behind a decision that this worker makes."""
    decision = it.ask(worker).headers["x-gairp-decision-id"]
    told = it.at(worker).get(f"/v1/decisions/{decision}").json()
    return int(told["decisions"][0]["state_version"])


def _explained_from_elsewhere(it: Cluster, names: list[str]) -> None:
    for name in names[:4]:
        told = [it.at(worker).get(f"/v1/decisions/{name}").json() for worker in ("1", "2")]
        for each in told:
            assert each.pop("created") > 0  # a moment later where it was answered
            each.pop("latency_s")
        assert told[0] == told[1]
        assert told[0]["model_asked"] == "gairp/auto"
        assert told[0]["decisions"][0]["id"] == name
    missing = it.at("2").get("/v1/decisions/req-w1-0-1/0")
    assert missing.status_code == 404
    assert missing.json()["error"]["code"] == "decision_not_found"


def _counted_together(it: Cluster) -> None:
    """Whoever is scraped shows all; counters of a process keep to it."""
    for worker in ("1", "2"):
        until(lambda w=worker: _answers(it.at("1"), w) >= 12, f"worker 1 shows those of {worker}")
    before = _answers(it.at("2"), "2")
    it.ask("2")
    until(lambda: _answers(it.at("1"), "2") == before + 1, "one answer more")
    text = it.at("2").get("/metrics").text
    assert text.count("# TYPE gairp_calls_total counter") == 1
    assert 'gairp_feedback_total{learner="auto@1",worker="learner"}' in text
    assert 'gairp_unmerged_bytes{journal="1",worker="learner"}' in text


def _answers(client: httpx2.Client, worker: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    head = f'gairp_responses_total{{status="200",worker="{worker}"}}'
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(head))


def _repeats(home: Path, out: Path) -> None:
    table = pd.read_csv(ReplayLogRunner(log=home / "journal", out=out).run()).set_index("learner")
    assert int(str(table.loc["auto@1", "decisions"])) >= 26
