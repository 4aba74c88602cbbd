"""The fault table: every fault, every backend, nothing lost, nothing billed twice."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gairp.backends.fake.faults import KINDS
from gairp.backends.openai import OpenAIBackend, connection
from gairp.errors import BackendError, UnknownNameError
from gairp.runners.faults import runner as running
from gairp.runners.faults.runner import FaultsRunner
from gairp.runners.faults.strokes import strokes
from gairp.runners.faults.table import merged, read_csv
from gairp.runners.faults.ways import WAYS
from gairp.types import Arm, Request, Response
from tests.conftest import ROOT

Table = list[Mapping[str, str]]
PROMISED = ("lost", "twice", "hidden", "uncovered")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """The whole table; BackendError where a cell, a storm or a stall broke a promise."""
    return read_csv(made(FaultsRunner(out=tmp_path_factory.mktemp("faults"), storm_requests=64)))


def made(runner: FaultsRunner) -> Path:
    """Where it has written its table.

    httpx forgets connections that it was about to close when a time-out cancels it among several;
    the collector closes them, which it must not say here.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            return runner.run()
        finally:
            gc.collect()


def of(table: Table, fault: str, strikes: str, backend: str) -> Mapping[str, str]:
    key = (fault, strikes, backend)
    return next(r for r in table if (r["fault"], r["strikes"], r["backend"]) == key)


def test_every_fault_meets_every_backend(table: Table) -> None:
    names = {stroke.name for stroke in strokes()}
    assert {stroke.fault["kind"] for stroke in strokes()} == set(KINDS)
    assert {(r["fault"], r["backend"]) for r in table} == {(n, w) for n in names for w in WAYS}
    assert len(table) == 2 * len(names) * len(WAYS)


def test_every_promise_is_kept(table: Table) -> None:
    assert {row[name] for row in table for name in PROMISED} == {"0"}


def test_the_page_shows_what_happens(table: Table) -> None:
    assert table == read_csv(ROOT / "docs" / "faults.csv")


@pytest.mark.parametrize("backend", WAYS)
def test_what_callers_see(table: Table, backend: str) -> None:
    seen = {(r["fault"], r["strikes"]): r["saw"] for r in table if r["backend"] == backend}
    assert seen["status 400", "always"] == "`bad_request`"
    assert seen["status 401", "once"] == "`auth`, the other arm: answer"
    assert seen["status 503", "once"] == "`server`, answer"
    assert seen["status 503", "always"] == "`server` ×2, the other arm: answer"
    assert seen["status 429, Retry-After: 7", "once"] == "`rate_limit` (waited 7 s), answer"
    assert seen["hang_before_headers", "once"] == "`timeout`, answer"
    assert seen["other_model", "always"] == "answer (of another-model)"


def test_a_broken_answer_is_held_and_a_refusal_costs_nothing(table: Table) -> None:
    reset = of(table, "reset_midstream", "once", "openai-chat-stream")
    # Six tokens of the prompt and three of the answer; then six and fourteen.
    assert (reset["calls"], reset["charged"], reset["billed"]) == ("2", "29", "20")
    assert int(reset["held"]) > 300
    refused = of(table, "status 503", "always", "local")
    assert (refused["calls"], refused["charged"], refused["billed"]) == ("3", "21", "21")
    assert refused["held"] == "0"


class Eager(OpenAIBackend):
    """Asks again by itself, as clients with retries of their own do."""

    async def complete(self, request: Request, arm: Arm) -> Response:
        await super().complete(request, arm)
        return await super().complete(request, arm)


def test_a_client_that_retries_in_secret_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def eager(base_url: str, folder: Path) -> dict[str, Any]:
        return {"_target_": f"{__name__}.Eager", "base_url": base_url}

    monkeypatch.setattr(running, "WAYS", {"eager": eager})
    with pytest.raises(BackendError, match=r"^2 promises were broken: ") as caught:
        FaultsRunner(out=tmp_path, faults=["status 500"], storm_requests=0).run()
    # Three calls that the journal knows, three that it does not; the spare arm is paid twice.
    assert "eager, status 500 once: hidden 1; " in str(caught.value)
    assert "eager, status 500 always: lost 1, hidden 3, uncovered 21" in str(caught.value)
    once = read_csv(tmp_path / "faults.csv")[0]
    assert (once["calls"], once["hidden"], once["billed"], once["charged"]) == (
        "1",
        "1",
        *["21"] * 2,
    )


def test_a_client_that_takes_what_it_has_sent_for_unsent_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def late(request: Any) -> None:
        """Notes that a request has gone out once the client has taken its breath, as we did."""
        sent = connection._SENT.get()

        async def trace(name: str, info: Mapping[str, Any]) -> None:
            sent.whole |= name.endswith("send_request_body.complete")

        request.extensions["trace"] = trace

    monkeypatch.setattr(connection, "_traced", late)
    one = FaultsRunner(out=tmp_path, faults=["status 500"], backends=["local"], storm_requests=16)
    with pytest.raises(BackendError, match="stalls on local: uncovered 36"):
        made(one)
    monkeypatch.undo()
    made(one)
    assert "stalls on local: 46 calls, 576 tokens charged, 468 billed" in capsys.readouterr().out


def test_names_that_there_are_not(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="unknown fault 'rain'"):
        FaultsRunner(out=tmp_path, faults=["rain"])
    with pytest.raises(UnknownNameError, match="unknown backend 'pigeon'"):
        FaultsRunner(out=tmp_path, backends=["pigeon"])


def test_rows_that_are_alike_are_one() -> None:
    row = dict.fromkeys((*PROMISED, "calls", "charged", "billed", "held"), "0")
    cells = [
        {"fault": "f", "strikes": s, "backend": b, "saw": saw, **row}
        for s, b, saw in [("once", "a", "x"), ("once", "b", "x"), ("always", "a", "x"),
                          ("always", "b", "y")]
    ]  # fmt: skip
    told = [(r["strikes"], r["backend"], r["saw"]) for r in merged(cells)]
    assert told == [("once", "all", "x"), ("always", "a", "x"), ("always", "b", "y")]
