"""What `gairp.run` starts for `+experiment=replay_log`: feed logs to policies and compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from gairp.errors import ConfigError, DataError
from gairp.records.events import Decided, Event, Learned, Opened
from gairp.records.log import Log, is_log, open_log
from gairp.runners.replay.settings import chosen_policies
from gairp.runners.replay_log.challenge import Challenge
from gairp.runners.replay_log.rebuilt import check_allowed
from gairp.runners.replay_log.repetition import Repetition
from gairp.runners.replay_log.table import (
    AGREEMENT,
    IDENTITY,
    agreement_row,
    identity_row,
    print_table,
    write_csv,
)

if TYPE_CHECKING:
    from omegaconf import DictConfig


class Fed(Protocol):
    """Takes one learner's events."""

    def feed(self, event: Event) -> None: ...


F = TypeVar("F", bound=Fed)
Names = set[str]


class ReplayLogRunner:
    """Repeats every learner of every log, or feeds the logs to challengers."""

    def __init__(
        self,
        *,
        log: Path | str,
        out: Path,
        allow: Sequence[str] = (),
        challengers: Mapping[str, Mapping[str, Any]] | None = None,
        reads: str = "",
        floor: float = 0.0,
    ) -> None:
        """`log` is a journal, a compacted log, or a folder of either.

        `challengers` are policies by name (`_target_` and arguments), which read the stored
        features `reads`; without any the log is repeated, and may differ from here in `allow`.
        """
        check_allowed(allow)
        self.log, self.out, self.allow = Path(log), out, tuple(allow)
        self.challengers, self.reads, self.floor = dict(challengers or {}), reads, floor

    @classmethod
    def from_config(cls, config: DictConfig) -> Self:
        """A runner of the composed configuration; its table goes to Hydra's folder."""
        from hydra.core.hydra_config import HydraConfig
        from omegaconf import OmegaConf

        if OmegaConf.is_missing(config, "log"):
            raise ConfigError("log must be set: add log=PATH to the command")
        settings: Any = OmegaConf.to_container(config, resolve=True)
        return cls(
            log=settings["log"],
            out=Path(settings["out"] or HydraConfig.get().runtime.output_dir),
            allow=settings["allow"],
            challengers=chosen_policies({"policies": {}, **settings}),
            reads=settings["reads"],
            floor=settings["floor"],
        )

    def run(self) -> Path:
        """Print and write the table; its path. DataError where a decision differs."""
        if self.challengers:
            return self._challenge()
        done = [(path.name, it) for path in logs_at(self.log) for it in self._repeat(path)]
        rows = [identity_row(name, it) for name, it in done]
        path = self._publish("identity.csv", IDENTITY, rows)
        for note in dict.fromkeys(note for _, it in done for note in it.notes):
            print(f"allowed: {note}")
        differing = [(name, it) for name, it in done if not it.identical]
        if differing:
            name, it = differing[0]
            raise DataError(
                f"{len(differing)} of {len(done)} learners differ; the first: {name}, learner "
                f"{it.opened.learner!r}, {it.first}"
            )
        count = sum(it.decisions for _, it in done)
        print(f"identical, bit for bit: {count:,} decisions of {len(done)} learners")
        return path

    # -- feeding --------------------------------------------------------------------------

    def _repeat(self, path: Path) -> list[Repetition]:
        def made(opened: Opened, learned: Names) -> list[Repetition]:
            return [Repetition(opened, allow=self.allow, learned=learned)]

        return _fed(open_log(path), made)

    def _challenge(self) -> Path:
        def made(opened: Opened, learned: Names) -> list[Challenge]:
            return [
                Challenge(
                    opened, name=name, config=config, reads=self.reads, floor=self.floor,
                    learned=learned,
                )
                for name, config in self.challengers.items()
            ]  # fmt: skip

        rows = [
            agreement_row(path.name, it)
            for path in logs_at(self.log)
            for it in _fed(open_log(path), made)
        ]
        return self._publish("agreement.csv", AGREEMENT, rows)

    def _publish(self, name: str, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> Path:
        if not rows:
            raise DataError(f"{self.log}: no learner was opened in this log: nothing to repeat")
        write_csv(self.out / name, header, rows)
        print_table(header, rows)
        return self.out / name


def logs_at(path: Path) -> list[Path]:
    """The log at a path, or those in the folders below it; DataError where there is none.

    A folder in `.part` is of a job that was killed, and is passed over.
    """
    if is_log(path):
        return [path]
    found = sorted(each for each in path.glob("*") if each.suffix != ".part" and is_log(each))
    if not found:
        open_log(path)  # says what is missing
    return found


def _fed(log: Log, made: Callable[[Opened, Names], list[F]]) -> list[F]:
    """Everything that was made for the learners of a log, fed with their events."""
    learned, count = _first_pass(log)
    fed: dict[str, list[F]] = {}
    # Another process may still write: both passes see the same events.
    for event in islice(log, count):
        if event.learner not in fed:
            if isinstance(event, Opened):
                fed[event.learner] = made(event, learned.get(event.learner, set()))
                continue
            if isinstance(event, Decided):
                raise DataError(
                    f"{log.folder}: learner {event.learner!r} decides and was not opened; the "
                    "beginning of the log is missing"
                )
        for each in fed.get(event.learner, ()):
            each.feed(event)
    return list(_flat(fed))


def _first_pass(log: Log) -> tuple[dict[str, Names], int]:
    """Which decisions feedback came for, by learner, and how many events there are."""
    learned: dict[str, Names] = {}
    count = 0
    for event in log:
        count += 1
        if isinstance(event, Learned):
            learned.setdefault(event.learner, set()).add(event.decision_id)
    return learned, count


def _flat(fed: Mapping[str, list[F]]) -> Iterator[F]:
    for each in fed.values():
        yield from each
