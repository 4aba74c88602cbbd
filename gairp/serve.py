"""`python -m gairp.serve`: compose the configuration and serve it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hydra

from gairp.errors import GairpError

if TYPE_CHECKING:
    from omegaconf import DictConfig

CONF = Path(__file__).resolve().parent.parent / "conf"


@hydra.main(config_path=str(CONF), config_name="serve", version_base="1.3")
def main(config: DictConfig) -> None:
    """Serve until a signal; an error that GAIRP foresaw is one line, not a traceback."""
    from omegaconf import OmegaConf

    from gairp.gateway.serving import serve
    from gairp.gateway.settings import GatewaySettings

    try:
        values: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
        serve(GatewaySettings.of(values["serving"]))
    except GairpError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


def start() -> None:
    """Run `main`."""
    from gairp.runners.hints import with_hints

    with_hints(main, CONF, "serve")


if __name__ == "__main__":
    start()
