"""What a recording is told beside the `live` section."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from gairp.errors import ConfigError, UnknownNameError
from gairp.runners.recording.vote import Vote


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSettings:
    """The `recording` section."""

    dataset: str = "recorded"  #: what the tables call themselves
    folder: str | None = None  #: of the tables; null: `trace` in the run's output folder
    questions: Mapping[str, Any] | None = None  #: a source of questions; null: the trace's table
    samples: int = 1  #: answers of each pair; more than one give the agreement signal
    samples_of: Mapping[str, int] = field(default_factory=dict)  #: the same, by arm
    #: fields of the requests for further samples, over all others; a `seed` of its own is added
    sample_params: Mapping[str, Any] = field(default_factory=dict)
    #: the fields of `Vote`: each arm is asked whether its own answer is right; null: none is
    vote: Mapping[str, Any] | None = None
    alone: bool = False  #: a backend has one arm at a time, one call after the other
    when_stopped: bool = True  #: write the tables also where the recording was stopped early
    incomplete: bool = False  #: keep prompts that some arm did not answer

    def __post_init__(self) -> None:
        for key, count in {"": self.samples, **self.samples_of}.items():
            if count < 1:
                place = f"samples_of.{key}" if key else "samples"
                raise ConfigError(f"recording.{place} is {count}; give at least 1")

    def voting(self) -> Vote | None:
        """How arms are asked about their own answers; ConfigError for a key that there is not."""
        if self.vote is None:
            return None
        check_keys(Vote, self.vote, "recording.vote")
        return Vote(**self.vote)

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
