"""Who asked for time gets it, whoever asks next."""

from __future__ import annotations

import math

import pytest

from gairp.errors import ConfigError
from gairp.routing.cooldown import Cooldowns
from gairp.types import Failure, FailureKind


def failure(kind: FailureKind = "rate_limit", retry_after_s: float | None = None) -> Failure:
    return Failure(kind=kind, message="no", retry_after_s=retry_after_s)


@pytest.mark.parametrize(
    ("error", "left"),
    [
        (failure(retry_after_s=7.0), 7.0),
        (failure(), 2.0),
        (failure(retry_after_s=3600.0), 30.0),
        (failure("server", 4.0), 4.0),
        (failure("server"), 0.0),
        (failure("server", math.nan), 0.0),
        (failure(retry_after_s=-1.0), 2.0),
    ],
)
def test_how_long(error: Failure, left: float) -> None:
    cooldowns = Cooldowns(rate_limit_s=2.0, max_s=30.0)
    cooldowns.failed("a", error, 100.0)
    assert cooldowns.left_s("a", 100.0) == left
    assert cooldowns.left_s("a", 101.0) == max(left - 1.0, 0.0)
    assert cooldowns.left_s("b", 100.0) == 0.0


def test_a_longer_one_is_not_made_shorter() -> None:
    cooldowns = Cooldowns()
    for asked in (9.0, 3.0):
        cooldowns.failed("a", failure(retry_after_s=asked), 0.0)
    assert cooldowns.left_s("a", 0.0) == cooldowns.last == 9.0


def test_settings() -> None:
    with pytest.raises(ConfigError, match=r"cooldown\.rate_limit_s is -1"):
        Cooldowns(rate_limit_s=-1.0)
