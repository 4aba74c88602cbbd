"""What `gairp.run` starts for `+experiment=replay_log`: feed logs to policies and compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from gairp.errors import ConfigError, DataError
from gairp.records.events import Opened
from gairp.records.log import open_log
from gairp.runners.replay.settings import chosen_policies
from gairp.runners.replay_log.challenge import Challenge
from gairp.runners.replay_log.feeding import Ahead, fed, logs_at
from gairp.runners.replay_log.held import Held, held
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
        held: Sequence[Held] = (),
    ) -> None:
        """`log` is a journal, a compacted log, or a folder of either.

        `challengers` are policies by name (`_target_` and arguments), which read the stored
        features `reads`, `held` those of the registry; without any the log is repeated, and may
        differ from here in `allow`.
        """
        check_allowed(allow)
        self.log, self.out, self.allow = Path(log), out, tuple(allow)
        self.challengers, self.reads, self.floor = dict(challengers or {}), reads, floor
        self.held = tuple(held)

    @classmethod
    def from_config(cls, config: DictConfig) -> Self:
        """A runner of the composed configuration; its table goes to Hydra's folder."""
        from hydra.core.hydra_config import HydraConfig
        from omegaconf import OmegaConf

        if OmegaConf.is_missing(config, "log"):
            raise ConfigError("log must be set: add log=PATH to the command")
        settings: Any = OmegaConf.to_container(config, resolve=True)
        chosen = chosen_policies({"policies": {}, **settings})
        addresses = [c["uri"] for c in chosen.values() if "_target_" not in c]
        return cls(
            log=settings["log"],
            out=Path(settings["out"] or HydraConfig.get().runtime.output_dir),
            allow=settings["allow"],
            challengers={name: c for name, c in chosen.items() if "_target_" in c},
            held=[held(uri, settings["tracking"]["uri"]) for uri in addresses],
            reads=settings["reads"],
            floor=settings["floor"],
        )

    def run(self) -> Path:
        """Print and write the table; its path. DataError where a decision differs."""
        if self.challengers or self.held:
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
        def made(opened: Opened, ahead: Ahead) -> list[Repetition]:
            return [Repetition(opened, allow=self.allow, ahead=ahead)]

        return fed(open_log(path), made)

    def _challenge(self) -> Path:
        def made(opened: Opened, ahead: Ahead) -> list[Challenge]:
            own = [
                Challenge(
                    opened, name=name, config=config, reads=self.reads, floor=self.floor,
                    learned=ahead.learned,
                )
                for name, config in self.challengers.items()
            ]  # fmt: skip
            others = [
                Challenge(opened, **it.arguments(opened, self.reads), learned=ahead.learned)
                for it in self.held
            ]
            return own + others

        rows = [
            agreement_row(path.name, it)
            for path in logs_at(self.log)
            for it in fed(open_log(path), made)
        ]
        return self._publish("agreement.csv", AGREEMENT, rows)

    def _publish(self, name: str, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> Path:
        if not rows:
            raise DataError(f"{self.log}: no learner was opened in this log: nothing to repeat")
        write_csv(self.out / name, header, rows)
        print_table(header, rows)
        return self.out / name
