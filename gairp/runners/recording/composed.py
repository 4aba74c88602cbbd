"""The composed configuration as plain values."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gairp.errors import ConfigError

if TYPE_CHECKING:
    from omegaconf import DictConfig


def settings_of(config: DictConfig) -> tuple[dict[str, Any], Path]:
    """All settings, resolved, and the folder of the output; ConfigError for one that is unset."""
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    if missing := sorted(OmegaConf.missing_keys(config)):
        raise ConfigError(f"{missing[0]} must be set: add {missing[0]}=… to the command")
    settings: Any = OmegaConf.to_container(config, resolve=True)
    return settings, Path(settings["out"] or HydraConfig.get().runtime.output_dir)
