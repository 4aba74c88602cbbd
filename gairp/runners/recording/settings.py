"""What a recording is told beside the `live` section."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from gairp.errors import ConfigError, UnknownNameError


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSettings:
    """The `recording` section."""

    dataset: str = "recorded"  #: what the tables call themselves
    folder: str | None = None  #: of the tables; null: `trace` in the run's output folder
    samples: int = 1  #: answers of each pair; more than one give the agreement signal
    #: fields of the requests for further samples, over all others; a `seed` of its own is added
    sample_params: Mapping[str, Any] = field(default_factory=dict)
    incomplete: bool = False  #: keep prompts that some arm did not answer

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise ConfigError(f"recording.samples is {self.samples}; give at least 1")

    @classmethod
    def of(cls, section: Mapping[str, Any]) -> Self:
        """Checked; UnknownNameError for a key that there is not."""
        check_keys(cls, section, "recording")
        return cls(**section)


def check_keys(cls: type, section: Mapping[str, Any], place: str) -> None:
    """Raise UnknownNameError for a key of the section that the class has no field for."""
    known = [entry.name for entry in fields(cls)]
    for key in section:
        if key not in known:
            raise UnknownNameError("key", f"{place}.{key}", [f"{place}.{name}" for name in known])
