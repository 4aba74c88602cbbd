"""`python -m gairp.evaluate champion=logged challenger=NAME log=PATH`: promote, keep, or wait.

Exit codes: 0 promote, 3 keep, 4 not enough data, 2 a mistake or a log that cannot be used (the
message says what to do), 1 a key or an option that Hydra does not know.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hydra

from gairp.errors import foreseen

if TYPE_CHECKING:
    from omegaconf import DictConfig

CONF = Path(__file__).resolve().parent.parent / "conf"
CODES = {"promote": 0, "keep": 3, "not enough data": 4}


@hydra.main(config_path=str(CONF), config_name="evaluate", version_base="1.3")
def main(config: DictConfig) -> None:
    """Evaluate; an error that GAIRP foresaw is one line, not a traceback."""
    from hydra.utils import get_class

    try:
        runner: Any = get_class(config.runner._target_)
        answer = runner.from_config(config).run()
    except Exception as raised:
        if (error := foreseen(raised)) is None:
            raise
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    sys.exit(CODES[answer])


def with_policies(arguments: Sequence[str]) -> list[str]:
    """The overrides, with the files of the policies that `champion` and `challenger` name.

    Those of the registry, `models:/NAME@ALIAS`, have none.
    """
    if any(one.startswith("policy=") for one in arguments):
        return list(arguments)
    names: list[str] = []
    for one in arguments:
        key, _, value = one.partition("=")
        if key in ("champion", "challenger"):
            names += [name.strip() for name in value.strip("[]").split(",")]
    named = (name for name in names if name and name != "logged")
    chosen = dict.fromkeys(name for name in named if not name.startswith("models:/"))
    return [*arguments, f"policy=[{','.join(chosen)}]"] if chosen else list(arguments)


def start() -> None:
    """Run `main` with the policies that are named."""
    from gairp.runners.hints import with_hints

    sys.argv[1:] = with_policies(sys.argv[1:])
    with_hints(main, CONF, "evaluate")


if __name__ == "__main__":
    start()
