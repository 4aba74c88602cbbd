"""Fill the generated parts of the pages: `python -m docs.generate [--check]`.

A page holds pairs of markers, and what stands between them is made anew:

    <!-- generated: file docs/examples/boltzmann.py -->
    <!-- end generated -->

`--check` writes nothing and fails where a page is stale.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from difflib import unified_diff
from pathlib import Path

from docs import blocks

ROOT = Path(__file__).resolve().parent.parent
START, END = "<!-- generated: ", "<!-- end generated -->"
_BLOCK = re.compile(rf"{START}(?P<what>[^\n]+?) -->\n.*?{END}", re.DOTALL)

#: What a marker may ask for; each takes the words after its name.
KINDS: dict[str, Callable[..., str]] = {
    "file": blocks.file,
    "help": blocks.help_text,
    "records": blocks.records,
    "events": blocks.events,
    "facts": blocks.facts,
    "metrics": blocks.metrics,
    "settings": blocks.settings,
    "log-events": blocks.log_events,
    "spans": blocks.spans,
    "instruments": blocks.instruments,
    "attacks": blocks.attacks,
    "headers": blocks.headers,
    "faults": blocks.faults,
    "defaults": blocks.defaults,
    "keys": blocks.keys,
    "group": blocks.group,
    "experiments": blocks.experiments,
    "methods": blocks.methods,
}


class PageError(Exception):
    """A page has a marker that nothing can fill."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check every page; returns the exit code."""
    parser = argparse.ArgumentParser("python -m docs.generate", description="Fill generated pages.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail where stale")
    check = parser.parse_args(arguments).check
    stale = 0
    for page in pages():
        text = page.read_text(encoding="utf-8")
        try:
            filled = fill(text)
        except PageError as error:
            print(f"error: {page.relative_to(ROOT)}: {error}", file=sys.stderr)
            return 2
        if filled != text:
            stale += 1
            _settle(page, text, filled, check=check)
    return 1 if check and stale else 0


def pages() -> list[Path]:
    """Every page that may hold markers."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def fill(text: str) -> str:
    """The text with every generated part made anew.

    Raises PageError for a marker without an end, an unknown kind or a wrong argument.
    """
    filled = _BLOCK.sub(lambda match: _block(match["what"]), text)
    if filled.count(START) != len(_BLOCK.findall(filled)):
        raise PageError(f"a marker {START!r} has no {END!r}")
    return filled


def _block(what: str) -> str:
    kind, *words = what.split()
    if kind not in KINDS:
        raise PageError(f"no kind of block {kind!r}; there are: {', '.join(sorted(KINDS))}")
    try:
        body = KINDS[kind](ROOT, *words)
    except (TypeError, ValueError, OSError) as error:
        raise PageError(f"block {what!r}: {error}") from error
    return f"{START}{what} -->\n{body.strip()}\n{END}"


def _settle(page: Path, text: str, filled: str, *, check: bool) -> None:
    name = str(page.relative_to(ROOT))
    if not check:
        page.write_text(filled, encoding="utf-8")
        print(f"wrote {name}")
        return
    print(f"{name} is stale; run: make docs")
    diff = unified_diff(text.splitlines(), filled.splitlines(), name, "generated", "", "", 0, "")
    print("\n".join(list(diff)[:20]))


if __name__ == "__main__":
    sys.exit(main())
