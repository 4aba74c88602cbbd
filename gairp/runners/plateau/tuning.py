"""Settings of a router, found on validation alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gairp.errors import ConfigError, MissingDependencyError

if TYPE_CHECKING:
    from optuna import Trial

Settings = dict[str, Any]


class Tuner:
    """One Optuna study (Akiba et al. 2019) in a file: a kill costs the trial that was under way.

    search: parameter -> {low, high, log} for a number (whole where both ends are), or a list of
        choices. Each trial's sampler is seeded by its number, so that a study that was stopped
        and taken up again proposes what it would have proposed.
    """

    def __init__(
        self, file: Path, name: str, search: Mapping[str, Any], *, trials: int, seed: int
    ) -> None:
        try:
            import optuna
        except ImportError:
            raise MissingDependencyError(
                "optuna", extra="tune", needed_for="+experiment=plateau"
            ) from None
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file, self._name, self._optuna = file, name, optuna
        self._search, self._trials, self._seed = search, trials, seed

    def best(self, score: Callable[[Settings], float]) -> Settings:
        """The settings of the highest score; the first trial takes the policy's own."""
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        study = self._optuna.create_study(
            study_name=self._name,
            storage=JournalStorage(JournalFileBackend(str(self._file))),
            direction="maximize",
            load_if_exists=True,
        )
        done = [t for t in study.trials if t.state.is_finished()]
        for number in range(len(done), self._trials if self._search else 1):
            study.sampler = self._optuna.samplers.TPESampler(
                seed=self._seed * 1000 + number, n_startup_trials=4
            )
            trial = study.ask()
            study.tell(trial, score(self._suggested(trial) if number else {}))
        return self._of(study)

    def _of(self, study: Any) -> Settings:
        return dict(study.best_trial.params)

    def _suggested(self, trial: Trial) -> Settings:
        return {name: _suggest(trial, name, given) for name, given in self._search.items()}


def _suggest(trial: Trial, name: str, given: Any) -> Any:
    if isinstance(given, list):
        return trial.suggest_categorical(name, given)
    if not isinstance(given, Mapping) or not {"low", "high"} <= set(given):
        raise ConfigError(
            f"search.{name} is {given!r}; give a list of choices, or low and high (and log: true)"
        )
    low, high, log = given["low"], given["high"], bool(given.get("log", False))
    if isinstance(low, int) and isinstance(high, int):
        return trial.suggest_int(name, low, high, log=log)
    return trial.suggest_float(name, float(low), float(high), log=log)
