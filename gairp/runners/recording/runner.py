"""What `gairp.run` starts for `+experiment=record`: ask, then write the trace."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from gairp.errors import UnknownNameError
from gairp.runners.live.question import LiveQuestion
from gairp.runners.live.settings import LiveSettings, LogSettings, log_settings
from gairp.runners.recording.composed import settings_of
from gairp.runners.recording.plan import Plan
from gairp.runners.recording.questions import choose, load_questions
from gairp.runners.recording.settings import RecordSettings
from gairp.runners.recording.settle import write_trace
from gairp.runners.recording.take import Take

if TYPE_CHECKING:
    from omegaconf import DictConfig


class RecordingRunner:
    """Makes a trace of the questions of a table on the arms of `live`."""

    def __init__(self, settings: Mapping[str, Any], *, out: Path) -> None:
        """`settings` is the whole resolved configuration as plain values."""
        self.settings, self.out = settings, out
        self.live = LiveSettings.of(settings["live"])
        self.log: LogSettings = log_settings(settings.get("log"))
        self.record = RecordSettings.of(settings["recording"])

    @classmethod
    def from_config(cls, config: DictConfig) -> Self:
        """A runner of the composed configuration; its output goes to Hydra's folder."""
        settings, out = settings_of(config)
        return cls(settings, out=out)

    def run(self) -> Path:
        """Record what is missing, write what is there; the folder of the trace."""
        plan = self.plan()
        take = Take(
            plan=plan, live=self.live, log=self.log, folder=self._log(), out=self.out,
            kind="recording", whole=not self.record.incomplete, alone=self.record.alone,
        )  # fmt: skip
        take.announce()
        if self.live.dry_run:
            return self.out
        taken = take.record()
        folder = self._folder()
        if taken.stopped and not self.record.when_stopped:
            print("stopped early: no table was written; the same command goes on")
            return folder
        for note in write_trace(plan, taken, self.record, folder):
            print(note)
        print(f"trace   {folder}\nlog     {self._log()}")
        print(
            "replay  python -m gairp.run +experiment=custom "
            f"trace.path={folder}/outcomes.parquet trace.prompts={folder}/prompts.parquet"
        )
        return folder

    def plan(self) -> Plan:
        """What is to be recorded."""
        seed = int(self.settings["study_seed"])
        for name in self.record.samples_of:
            if name not in self.live.arms:
                raise UnknownNameError("arm in recording.samples_of", name, self.live.arms)
        questions = self._questions()
        return Plan(
            questions=choose(questions, self.live.count, seed=seed),
            arms=self.live.arm_table(),
            samples=self.record.samples,
            samples_of=self.record.samples_of,
            sample_params=self.record.sample_params,
            vote=self.record.voting(),
            seed=seed,
        )

    def _questions(self) -> list[LiveQuestion]:
        """Those of the source that `recording.questions` names, or of the trace's table."""
        if self.record.questions is None:
            return load_questions(self.settings["trace"], self.live)
        from hydra.utils import instantiate

        questions: list[LiveQuestion] = instantiate(dict(self.record.questions))()
        return questions

    def _folder(self) -> Path:
        return Path(self.record.folder) if self.record.folder is not None else self.out / "trace"

    def _log(self) -> Path:
        return Path(self.log.folder) if self.log.folder is not None else self.out / "log"
