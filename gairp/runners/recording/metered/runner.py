"""What `gairp.run` starts for `+experiment=record_local`: record, then write the tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gairp.runners.recording.metered.recorder import Recorder

if TYPE_CHECKING:
    from omegaconf import DictConfig


class RecordRunner:
    """Runs a recorder and compacts its journal into `out`."""

    def __init__(self, *, recorder: Recorder, out: str, dataset: str = "local_llm") -> None:
        self.recorder, self.out, self.dataset = recorder, Path(out), dataset

    @classmethod
    def from_config(cls, config: DictConfig) -> RecordRunner:
        """The runner that the `runner` section of the composed configuration describes."""
        from hydra.utils import instantiate

        runner: RecordRunner = instantiate(config.runner, _convert_="all")
        return runner

    def run(self) -> Path:
        """Record what is missing, then write both tables; the folder."""
        self.recorder.record()
        return self.write()

    def write(self) -> Path:
        """Write both tables from what has been recorded so far; the folder."""
        from gairp.runners.recording.metered.compact import compact

        arms = sorted(self.recorder.arms)
        tasks, journal = self.recorder.tasks(), self.recorder.journal_path
        compact(journal, tasks, self.out, dataset=self.dataset, arms=arms)
        return self.out


def from_yaml(path: str, overrides: Sequence[str] = ()) -> RecordRunner:
    """The runner of an experiment file, with `key=value` overrides of its `runner` section."""
    from hydra.utils import instantiate
    from omegaconf import OmegaConf

    config = OmegaConf.merge(OmegaConf.load(path), OmegaConf.from_dotlist(list(overrides)))
    runner = instantiate(config.runner, _convert_="all")
    assert isinstance(runner, RecordRunner)
    return runner
