"""The line of progress says how a run is doing, and to whom."""

from __future__ import annotations

import io
import math

from gairp.routing.spend import SpendCeiling
from gairp.runners.live.progress import Progress
from gairp.types import Attempt, Decision, Failure, Outcome, Response, Usage


def attempt(arm: str, *, tokens: float = 30.0, ttft: float = 0.25, failed: bool = False) -> Attempt:
    decision = Decision(
        id="d", request_id="r", arm=arm, propensity=1.0, probabilities=(1.0,), policy="p",
        state_version=0,
    )  # fmt: skip
    error = Failure(kind="server", message="down") if failed else None
    usage = Usage(input_tokens=5.0, output_tokens=math.nan if failed else tokens)
    response = Response(
        model="m", usage=usage, first_token_s=math.nan if failed else ttft, error=error
    )
    return Attempt(decision=decision, response=response, cost_usd=0.0 if failed else 0.01)


def outcome(*attempts: Attempt, refused: bool = False) -> Outcome:
    return Outcome(
        request_id="r", attempts=attempts, total_cost_usd=0.01, latency_s=1.0, completed_at=1.0,
        refused=refused,
    )  # fmt: skip


class Terminal(io.StringIO):
    """Somebody looks."""

    def isatty(self) -> bool:
        return True


def served(progress: Progress) -> None:
    progress.finished(outcome(attempt("big", failed=True), attempt("small", ttft=0.75)))
    for _ in range(3):
        progress.finished(outcome(attempt("big")))
    progress.finished(outcome(refused=True))
    progress.shadowed(attempt("small"))
    for quality in (1.0, 0.0, math.nan):
        progress.graded(quality)


def test_the_line() -> None:
    ceiling = SpendCeiling(usd=1.0)
    ceiling.reserve("c", 0.25, 0)
    progress = Progress(total=10, ceiling=ceiling, out=None)
    served(progress)
    # Half a minute: five requests, five cents, and 150 tokens of output.
    assert progress.line(30.0) == (
        "5/10 requests · 10/min · 0.050000 USD (0.100000/min) · 5 tokens/s · TTFT 0.25 s · "
        "quality 0.50 · big 75%, small 25% · 1 shadows · 1 errors · 1 refused · 0.750000 USD left"
    )


def test_what_nobody_knows_yet_is_left_out() -> None:
    progress = Progress(total=3, ceiling=SpendCeiling(), out=None)
    assert progress.line(60.0) == (
        "0/3 requests · 0/min · 0.000000 USD (0.000000/min) · 0 tokens/s"
    )


def test_a_file_gets_lines_and_a_terminal_one_that_changes() -> None:
    file, terminal = io.StringIO(), Terminal()
    for out in (file, terminal):
        with Progress(total=10, ceiling=SpendCeiling(), out=out, every_s=0.0) as progress:
            progress._live, progress._said = out.isatty(), -math.inf
            progress.finished(outcome(attempt("big")))
    lines = file.getvalue().splitlines()
    assert [line.partition(" ·")[0] for line in lines] == ["1/10 requests"]
    assert terminal.getvalue().count("\r\x1b[2K1/10 requests") == 2
    assert terminal.getvalue().count("\n") == 1
