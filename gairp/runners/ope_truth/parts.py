"""What the study is made of: loggers, targets and the two sides of the gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gairp.ope.gate import Gate
from gairp.runners.ope_truth.coverage import Coverage
from gairp.runners.ope_truth.loggers import Adaptive, Logger, Static
from gairp.runners.ope_truth.peeking import Gating, Miscoverage
from gairp.runners.ope_truth.world import World
from gairp.types import Floats

Part = Coverage | Miscoverage | Gating


@dataclass(frozen=True, kw_only=True, slots=True)
class Design:
    """The settings that a reader of the tables has to know."""

    n: int = 10_000  #: rows of a log
    gate_n: int = 20_000  #: rows of a stream that should not be promoted
    power_n: int = 50_000  #: rows of a stream that should
    gain: float = 0.03  #: of the challenger that should be promoted
    epsilon: float = 0.2  #: exploration of the adaptive logger
    alpha: float = 0.05
    draws: int = 400  #: of the bootstrap


def parts(world: World, design: Design) -> Mapping[str, Part]:
    """Every part of the study by its name."""
    target, champion = world.by_category(0.05), world.by_category(0.1)
    adaptive = Adaptive(epsilon=design.epsilon)
    floor = design.epsilon / len(world.arms)
    return {
        **{
            name: Coverage(
                world=world,
                logger=logger,
                target=target,
                n=design.n,
                max_weight=_bound(target, least),
                draws=design.draws,
                alpha=design.alpha,
            )
            for name, (logger, least) in _loggers(world, adaptive, floor).items()
        },
        "sequence": Miscoverage(
            world=world, logger=adaptive, target=target, n=design.n, alpha=design.alpha
        ),
        **_gates(world, design, champion, adaptive, _bound(world.uniform() * 0 + 1.0, floor)),
    }


def _loggers(world: World, adaptive: Logger, floor: float) -> Mapping[str, tuple[Logger, float]]:
    """Loggers by name, with the least probability that they give to any arm."""
    uniform, favourite, thin = world.uniform(), world.favourite(0.6), world.favourite(0.98)
    return {
        "uniform": (Static(uniform), float(uniform.min())),
        "favourite": (Static(favourite), float(favourite.min())),
        "adaptive": (adaptive, floor),
        "thin": (Static(thin), float(thin.min())),
    }


def _gates(
    world: World, design: Design, champion: Floats, logger: Logger, bound: float
) -> Mapping[str, Gating]:
    """Challengers worth as much as the champion, and more."""
    value, best = world.value(champion), world.by_category(0.02)
    challengers = {
        # Nothing but a promotion can be said wrongly: futility is not asked for.
        "gate, equal": (
            world.at_value(value, world.uniform(), best), design.gate_n, 0.0
        ),
        "gate, better": (
            world.at_value(value + design.gain, champion, best), design.power_n, 0.01
        ),
    }  # fmt: skip
    return {
        name: Gating(
            world=world,
            logger=logger,
            champion=champion,
            challenger=challenger,
            n=n,
            gate=Gate(alpha=design.alpha, max_weight=bound, futility_gain=futility),
        )
        for name, (challenger, n, futility) in challengers.items()
    }


def _bound(policy: Floats, least: float) -> float:
    """The most that π / μ can be."""
    return float(policy.max()) / least
