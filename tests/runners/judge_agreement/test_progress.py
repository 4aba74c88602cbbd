"""The line that says how far a run of judgements is."""

from __future__ import annotations

import io

from gairp.runners.judge_agreement.progress import Progress


def test_progress_line() -> None:
    progress = Progress(total=10, out=io.StringIO())
    progress.count = 4
    assert progress.line(8.0) == "4/10 rows, 0.50 rows/s, 0.2 min left"
