"""`python -m gairp.run +experiment=NAME`: compose the configuration and start its runner."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hydra

from gairp.errors import foreseen

if TYPE_CHECKING:
    from omegaconf import DictConfig

CONF = Path(__file__).resolve().parent.parent / "conf"


@hydra.main(config_path=str(CONF), config_name="run", version_base="1.3")
def main(config: DictConfig) -> None:
    """Start what `runner` names; an error that GAIRP foresaw is one line, not a traceback."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.errors import CompactHydraException
    from hydra.types import RunMode
    from hydra.utils import get_class

    try:
        runner: Any = get_class(config.runner._target_)
        runner.from_config(config).run()
    except Exception as raised:
        if (error := foreseen(raised)) is None:
            raise
        print(f"error: {error}", file=sys.stderr)
        if HydraConfig.get().mode == RunMode.MULTIRUN:
            # The launcher keeps it and goes on with the other jobs; Hydra then says it compactly.
            raise CompactHydraException(str(error)) from None
        sys.exit(2)


def start() -> None:
    """Run `main`; Ctrl-C is one line too."""
    from gairp.runners.hints import with_hints

    # The one flag of our own: Hydra knows overrides only.
    sys.argv[1:] = ["live.dry_run=true" if a == "--dry-run" else a for a in sys.argv[1:]]
    try:
        with_hints(main, CONF, "run")
    except KeyboardInterrupt:
        print("stopped; the same command goes on from what is finished", file=sys.stderr)
        sys.exit(130)  # as a shell says it


if __name__ == "__main__":
    start()
