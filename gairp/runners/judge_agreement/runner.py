"""What `gairp.run` starts for `+experiment=judge_agreement`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gairp.errors import ConfigError
from gairp.records.row_journal import Journal
from gairp.rewards.judges import PointwiseJudge
from gairp.runners.judge_agreement.answers import Answer, Sample, sample
from gairp.runners.judge_agreement.asking import ask, fingerprint
from gairp.runners.judge_agreement.measured import Measured, controls, measure
from gairp.runners.judge_agreement.report import write

if TYPE_CHECKING:
    from omegaconf import DictConfig


class JudgeAgreementRunner:
    """Asks judges about recorded answers whose grades are known, and reports how far they agree.

    `data` is the folder of a recorded dataset. Each judge has a journal of its own in `work`, one
    line a judgement, so that a run goes on where it stopped, and a finished one is reported again
    without asking. `per_family` prompts of every family are drawn by `seed`; `draws` are those of
    the bootstrap.
    """

    def __init__(
        self,
        *,
        judges: Mapping[str, PointwiseJudge],
        data: str = "datasets/local_llm",
        work: str,
        out: str,
        per_family: int = 4,
        seed: int = 7,
        draws: int = 1000,
    ) -> None:
        if not judges:
            raise ConfigError("runner.judges is empty; name at least one judge")
        self.judges, self.data = dict(judges), Path(data).expanduser()
        self.work, self.out = Path(work).expanduser(), Path(out).expanduser()
        self.per_family, self.seed, self.draws = per_family, seed, draws

    @classmethod
    def from_config(cls, config: DictConfig) -> JudgeAgreementRunner:
        """The runner that the `runner` section of the composed configuration describes."""
        from hydra.utils import instantiate

        runner: JudgeAgreementRunner = instantiate(config.runner, _convert_="all")
        return runner

    def run(self) -> Path:
        """Ask what is missing, then write and print the report; its path."""
        drawn = sample(self.data, per_family=self.per_family, seed=self.seed)
        for name, judge in self.judges.items():
            print(f"judge {name}: {len(drawn.answers)} answers", file=sys.stderr)
            with Journal(self._journal(name)) as journal:
                asyncio.run(ask(judge, drawn.answers, journal))
        report = write(drawn, self.measured(drawn), self.out, draws=self.draws)
        print(report.read_text(encoding="utf-8"))
        return report

    def measured(self, drawn: Sample) -> list[Measured]:
        """Every judge as far as its journal goes, then the controls."""
        found = [
            measure(name, drawn.answers, self._rows(name, drawn.answers), **self._bootstrap)
            for name in self.judges
        ]
        return [*found, *controls(drawn.answers, **self._bootstrap)]

    @property
    def _bootstrap(self) -> dict[str, int]:
        return {"seed": self.seed, "draws": self.draws}

    def _journal(self, name: str) -> Path:
        return self.work / f"{name}.jsonl"

    def _rows(self, name: str, answers: tuple[Answer, ...]) -> list[dict[str, Any]]:
        with Journal(self._journal(name)) as journal:
            judge = self.judges[name]
            for answer in answers:
                journal.has(answer.question.id, answer.model, fingerprint(judge, answer))
            return [journal.rows[answer.question.id, answer.model] for answer in answers]
