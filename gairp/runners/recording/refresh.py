"""What `gairp.run` starts for `+experiment=refresh`: ask again, compare, say what has changed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from gairp.errors import ConfigError, UnknownNameError
from gairp.runners.live.settings import LiveSettings, LogSettings, log_settings
from gairp.runners.recording.composed import settings_of
from gairp.runners.recording.differences import differences
from gairp.runners.recording.drift import DriftRule, drift
from gairp.runners.recording.drift_report import write_report
from gairp.runners.recording.plan import Plan
from gairp.runners.recording.questions import choose, load_questions
from gairp.runners.recording.reference import Compared, Reference
from gairp.runners.recording.settings import check_keys
from gairp.runners.recording.take import Take
from gairp.runners.recording.watcher import Watcher

if TYPE_CHECKING:
    from omegaconf import DictConfig

DRIFTED = 3  #: the exit code where an arm has changed


class RefreshRunner:
    """Tests every arm of `live` for a change in quality since the trace was recorded."""

    def __init__(self, settings: Mapping[str, Any], *, out: Path) -> None:
        """`settings` is the whole resolved configuration as plain values."""
        self.settings, self.out = settings, out
        self.live = LiveSettings.of(settings["live"])
        self.log: LogSettings = log_settings(settings.get("log"))
        section = settings.get("refresh") or {}
        check_keys(DriftRule, section, "refresh")
        self.rule = DriftRule(**section)
        if self.live.cache is not None:
            raise ConfigError("live.cache is set: an old answer shows no change; set it to null")

    @classmethod
    def from_config(cls, config: DictConfig) -> Self:
        """A runner of the composed configuration; its output goes to Hydra's folder."""
        settings, out = settings_of(config)
        return cls(settings, out=out)

    def run(self) -> Path:
        """Ask, compare, report; exits with code 3 where an arm has drifted."""
        found = self.compare()
        if found is None:
            return self.out
        path = write_report(found, self.out / "report", alpha=self.rule.alpha)
        print(path.read_text(encoding="utf-8"))
        print(f"report  {path.parent}\nlog     {self._log()}")
        if any(one.drift.verdict == "drifted" for one in found):
            sys.exit(DRIFTED)
        return path

    def compare(self) -> list[Compared] | None:
        """A line an arm; None for a dry run."""
        reference = Reference.of(self.settings["trace"])
        plan = self.plan(reference)
        take = Take(
            plan=plan, live=self.live, log=self.log, folder=self._log(), out=self.out,
            kind="refresh", whole=False,
        )  # fmt: skip
        take.announce()
        if self.live.dry_run:
            return None
        taken = take.record(
            lambda recorded: Watcher(recorded, plan=plan, reference=reference, rule=self.rule)
        )
        if taken.stopped:
            print("stopped early; the same command goes on where this one ended")
        steps = differences(plan, taken.recorded, reference)
        return [
            reference.compared(drift(arm, steps[arm], self.rule, len(steps)), plan, taken.recorded)
            for arm in plan.arms
        ]

    def plan(self, reference: Reference) -> Plan:
        """The prompts to ask again: recorded for an arm, one of each group of near-duplicates."""
        arms = self.live.arm_table()
        for arm in arms:
            if arm not in reference.arms:
                raise UnknownNameError("recorded arm", arm, reference.arms)
        seed = int(self.settings["study_seed"])
        known = [q for q in load_questions(self.settings["trace"], self.live) if q.id in reference]
        firsts = reference.one_of_each_group(choose(known, None, seed=seed))
        if not firsts:
            raise ConfigError("no question of the table was recorded; check trace.path and prompts")
        count = len(firsts) if self.live.count is None else min(self.live.count, len(firsts))
        plan = Plan(questions=firsts[:count], arms=arms, seed=seed)
        if self.rule.same_requests:
            reference.require_same_requests(plan)
        return plan

    def _log(self) -> Path:
        return Path(self.log.folder) if self.log.folder is not None else self.out / "log"
