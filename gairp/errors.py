"""Every error that GAIRP raises on purpose.

GairpError
├── ConfigError              a setting is wrong: names the key and what exists
│   └── UnknownNameError     a name nobody registered: lists the names that exist
├── MissingDependencyError   an optional package is absent: gives the install command
├── MissingProgramError      a program of the system is absent: gives the install command
├── DataError                data could not be had or trusted
│   ├── DatasetAbsentError   not in cache or mirror: gives the command that fetches it
│   ├── IntegrityError       bytes differ from the registered hash
│   ├── TooEarlyError        a log holds nothing yet that could be evaluated
│   ├── ConflictError        what is to be changed is in a state that does not allow it
│   └── BadRowError          one row is malformed: file, row, column, value, remedy
├── PriceError               an arm has no price where cost matters
├── PolicyError              a policy was asked something it cannot answer
│   ├── FeatureError         features are absent, of the wrong width or not finite
│   ├── NotFittedError       a trainable policy was asked to decide before `fit`
│   ├── OverBudgetError      no candidate is within the budget: the router refuses the request
│   └── StateError           a saved state does not fit this policy
└── BackendError             a model could not be started or did not answer

Every message says what was wrong, where (file and key, or request id), and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any


class GairpError(Exception):
    """The root: catch it to catch everything that GAIRP raises on purpose."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors come back from worker processes whatever their constructors take."""
        return _rebuilt, (type(self), str(self), dict(self.__dict__))


class ConfigError(GairpError):
    """A setting is wrong."""


class UnknownNameError(ConfigError):
    """A name that nobody registered."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        super().__init__(
            f"unknown {kind} {name!r}{guess(name, self.known)}; there are: "
            f"{', '.join(self.known) or 'none'}"
        )


class MissingDependencyError(GairpError):
    """An optional package is absent."""

    def __init__(self, package: str, *, extra: str, needed_for: str) -> None:
        super().__init__(
            f"{needed_for} needs the package {package!r}, which is not installed; "
            f'run: pip install -e ".[{extra}]"'
        )


class MissingProgramError(GairpError):
    """A program of the operating system is absent, or may not run here."""


class DataError(GairpError):
    """Data could not be had or trusted."""


class DatasetAbsentError(DataError):
    """A dataset is neither in the cache nor in a mirror."""


class TooEarlyError(DataError):
    """A log holds nothing yet that could be evaluated; a later look may find it."""


class IntegrityError(DataError):
    """Bytes differ from the registered hash."""


class ConflictError(DataError):
    """What is to be made is there already, or what is to be changed is over."""


class BadRowError(DataError):
    """One row of a table is malformed.

    `row` counts data rows from 1, the header not counted.
    """

    def __init__(
        self, *, file: str, row: int | None, column: str, value: object, problem: str, remedy: str
    ) -> None:
        self.file, self.row, self.column, self.value = file, row, column, value
        place = f"{file}, " + (f"row {row}, " if row is not None else "") + f"column {column!r}"
        super().__init__(f"{place}: {problem} (value: {value!r}); {remedy}")


class PriceError(GairpError):
    """An arm has no price where cost enters the reward, the report or a budget."""


class PolicyError(GairpError):
    """A policy was asked something that it cannot answer."""


class FeatureError(PolicyError):
    """Features are absent, of the wrong width or not finite."""


class NotFittedError(PolicyError):
    """A trainable policy was asked to decide before `fit`."""


class OverBudgetError(PolicyError):
    """No candidate is within the budget or the cap: the request is to be refused."""


class StateError(PolicyError):
    """A saved state does not fit this policy."""


class BackendError(GairpError):
    """A model could not be started or did not answer."""


def guess(name: str, known: Iterable[str], *, before: str = "") -> str:
    """ " (did you mean …?)" where one of these is near, `before` it what it stands in; else ""."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.7)
    return f" (did you mean {before}{near[0]}?)" if near else ""


def foreseen(error: BaseException) -> GairpError | None:
    """The error of ours that this one is or was raised from: libraries wrap what we raise."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, GairpError):
        cause = cause.__cause__
    return cause


def _rebuilt(cls: type[GairpError], message: str, attributes: Mapping[str, Any]) -> GairpError:
    error = cls.__new__(cls, message)
    error.__dict__.update(attributes)
    return error
