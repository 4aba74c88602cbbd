"""`python -m gairp.runners.recording.readme [FOLDER]`: refresh the figures of a data card."""

from __future__ import annotations

import sys
from pathlib import Path

from gairp.errors import DataError
from gairp.runners.recording.figures import figures

BEGIN = "<!-- figures: made by `python -m gairp.runners.recording.readme`, do not edit -->"
END = "<!-- end of figures -->"
COST_WEIGHT = 5.0


def refresh(folder: Path, *, cost_weight: float = COST_WEIGHT) -> str:
    """Put the figures of `folder`'s table between the marks of its README.md; the new text.

    Raises DataError where the card has no such marks.
    """
    card = folder / "README.md"
    before, begin, rest = card.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise DataError(f"{card} lacks the marks of the figures; add {BEGIN!r} and {END!r}")
    text = f"{before}{BEGIN}\n\n{figures(folder, cost_weight=cost_weight)}\n\n{END}{after}"
    card.write_text(text, encoding="utf-8")
    return text


if __name__ == "__main__":
    refresh(Path(sys.argv[1] if len(sys.argv) > 1 else "datasets/local_llm"))
