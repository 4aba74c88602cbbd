"""From a composed configuration to plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omegaconf import DictConfig


def configured(config: DictConfig) -> tuple[dict[str, Any], dict[str, Any]]:
    """All of it, and what its section `runner` gives to the runner's constructor."""
    from omegaconf import OmegaConf

    settings: Any = OmegaConf.to_container(config, resolve=True)
    given = {key: value for key, value in settings["runner"].items() if key != "_target_"}
    return settings, given
