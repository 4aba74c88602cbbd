"""How long a server works on an answer, once it has begun."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

from scipy.special import ndtri

from gairp.backends.recorded import RecordedPrompt, at
from gairp.errors import ConfigError
from gairp.rng import DecisionRng

#: Of one answer, without waiting: to its first token, to its last.
Seconds = tuple[float, float]


class Service(ABC):
    """A law of service times; the same request on the same arm takes as long for every policy."""

    draws = True  #: whether it is chance; one that is not is given no randomness of a call's own

    @abstractmethod
    def seconds(self, prompt: RecordedPrompt, column: int, rng: DecisionRng) -> Seconds:
        """Of this arm's answer to this request."""


class Recorded(Service):
    """As long as the recorded answer took, times `factor`."""

    draws = False

    def __init__(self, *, factor: float = 1.0) -> None:
        if not factor > 0:
            raise ConfigError(f"capacity.service.factor is {factor}; give a number above 0")
        self.factor = float(factor)

    def seconds(self, prompt: RecordedPrompt, column: int, rng: DecisionRng) -> Seconds:
        """Raises ConfigError where the trace does not say."""
        total = at(prompt.latency_s, column) * self.factor
        if total != total:
            raise ConfigError(
                f"capacity: request {prompt.request_id} has no recorded latency; set "
                "capacity.service to a law of its own (service=fitted, say)"
            )
        first = at(prompt.first_token_s, column) * self.factor
        return total if first != first else first, total


class Exponential(Service):
    """Exponential of mean `mean_s`: the M/M/c queue."""

    def __init__(self, *, mean_s: float = 1.0) -> None:
        if not mean_s > 0:
            raise ConfigError(f"capacity.service.mean_s is {mean_s}; give seconds above 0")
        self.mean_s = float(mean_s)

    def seconds(self, prompt: RecordedPrompt, column: int, rng: DecisionRng) -> Seconds:
        """One draw; the answer comes in one piece."""
        total = -self.mean_s * math.log(1.0 - rng.random())
        return total, total


class LogNormal(Service):
    """Log-normal of mean `mean_s` and coefficient of variation `cv`; 0 is a constant."""

    def __init__(self, *, mean_s: float = 1.0, cv: float = 1.0) -> None:
        if not (mean_s > 0 and cv >= 0):
            raise ConfigError(
                f"capacity.service: mean_s is {mean_s}, cv {cv}; give above 0, from 0"
            )
        self.mean_s, self.cv = float(mean_s), float(cv)
        self._sigma = math.sqrt(math.log1p(cv**2))

    def seconds(self, prompt: RecordedPrompt, column: int, rng: DecisionRng) -> Seconds:
        """One draw; the answer comes in one piece."""
        z = float(ndtri(_inside(rng.random())))
        total = self.mean_s * math.exp(self._sigma * z - self._sigma**2 / 2.0)
        return total, total


def _inside(uniform: float) -> float:
    """Away from 0, where the normal quantile is infinite."""
    return max(uniform, 2.0**-54)
