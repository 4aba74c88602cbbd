"""What `gairp.evaluate` starts."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from gairp.errors import ConfigError, DataError, TooEarlyError
from gairp.ope.gate import Answer
from gairp.records.events import Opened
from gairp.records.log import open_log
from gairp.runners.evaluate.candidate import Candidate
from gairp.runners.evaluate.judged import Judged, judge
from gairp.runners.evaluate.promotion import promoted
from gairp.runners.evaluate.report import markdown, verdict_line, write, write_early
from gairp.runners.evaluate.rows import RowReader, Rows
from gairp.runners.evaluate.settings import LOGGED, Settings
from gairp.runners.replay.settings import chosen_policies
from gairp.runners.replay_log.feeding import Ahead, fed
from gairp.runners.replay_log.held import with_held

if TYPE_CHECKING:
    from omegaconf import DictConfig

#: Share of the log that challengers learn from, where any of them learns.
TRAIN_SHARE = 0.3


class EvaluateRunner:
    """Reads a log, asks the candidates, and says promote, keep or not enough data."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @classmethod
    def from_config(cls, config: DictConfig) -> Self:
        """A runner of the composed configuration; its report goes to Hydra's folder."""
        from hydra.core.hydra_config import HydraConfig
        from omegaconf import OmegaConf

        for key in ("log", "challenger"):
            if OmegaConf.is_missing(config, key):
                raise ConfigError(f"{key} must be set: add {key}=… to the command")
        given: Any = OmegaConf.to_container(config, resolve=True)
        given["policies"] = chosen_policies({"policies": {}, **given})
        given, held = with_held(given, given["registry"]["uri"])
        given["held"] = held
        out = Path(given.pop("out") or HydraConfig.get().runtime.output_dir)
        return cls(Settings.of(given, out))

    def run(self) -> Answer:
        """Print and write the report, move the alias where that is asked for; the verdict."""
        try:
            judged, candidates = self.judge()
        except TooEarlyError as error:
            print(write_early(str(error), self.settings.out))
            return "not enough data"
        path = write(judged, self.settings.out)
        print(markdown(judged))
        print(f"report: {path}")
        best = judged.best
        registry = self.settings.registry
        if best.verdict.answer == "promote" and registry.move:
            print(promoted(candidates[best.name], registry, verdict_line(judged)))
        print(verdict_line(judged))
        return best.verdict.answer

    def judge(self) -> tuple[Judged, dict[str, Candidate]]:
        """The findings, and the candidates as they were evaluated."""
        reader = self._reader()
        rows, train = self._rows(reader)
        for it in self.settings.held.values():
            it.check_arms(rows.arms)
        candidates = self._candidates(reader.opened.learner, train)
        tables = {name: rows.spread(it.probabilities) for name, it in candidates.items()}
        return judge(rows, tables, self.settings), candidates

    # -- reading --------------------------------------------------------------------------

    def _reader(self) -> RowReader:
        """The one learner that is asked about; ConfigError where that is not clear."""

        def made(opened: Opened, _: Ahead) -> list[RowReader]:
            return [RowReader(opened)]

        readers = {it.opened.learner: it for it in fed(open_log(self.settings.log), made)}
        if not readers:
            raise DataError(f"{self.settings.log}: no learner was opened in this log")
        wanted = self.settings.learner
        if wanted is None and len(readers) == 1:
            return next(iter(readers.values()))
        if wanted not in readers:
            told = "must be set" if wanted is None else f"is {wanted!r}, which is not in the log"
            raise ConfigError(f"learner {told}; there are: {', '.join(sorted(readers))}")
        return readers[wanted]

    def _rows(self, reader: RowReader) -> tuple[Rows, int]:
        """The rows to evaluate on, and how many decisions before them are for training."""
        train = self.settings.train
        if train is None:
            train = TRAIN_SHARE if self._somebody_learns(reader.opened) else 0.0
        train = int(train if train >= 1 else train * reader.decisions)
        return reader.rows(skip=train, maturity_s=self.settings.maturity_s), train

    def _somebody_learns(self, opened: Opened) -> bool:
        return any(it.policy.learns for it in self._made(opened, set(), 0) if it.learns)

    def _candidates(self, learner: str, train: int) -> dict[str, Candidate]:
        """Every candidate after it was fed with the whole log of the learner."""

        def made(opened: Opened, ahead: Ahead) -> list[Candidate]:
            return self._made(opened, ahead.learned, train) if opened.learner == learner else []

        return {it.name: it for it in fed(open_log(self.settings.log), made)}

    def _made(self, opened: Opened, learned: Container[str], train: int) -> list[Candidate]:
        names = dict.fromkeys((*self.settings.challengers, self.settings.champion))
        return [
            self._candidate(opened, name, learned=learned, train=train)
            for name in names
            if name != LOGGED
        ]

    def _candidate(
        self, opened: Opened, name: str, *, learned: Container[str], train: int
    ) -> Candidate:
        settings, held = self.settings, self.settings.held.get(name)
        if held is not None:
            return Candidate(
                opened, **held.arguments(opened, settings.reads), train=train, held=held,
                learns=settings.train is not None, learned=learned,
            )  # fmt: skip
        state = None if settings.state is None else settings.state.read_bytes()
        return Candidate(
            opened,
            name=name,
            config=settings.policies[name],
            reads=settings.reads,
            floor=settings.floor,
            state=state if name in settings.challengers else None,
            train=train,
            learned=learned,
        )
