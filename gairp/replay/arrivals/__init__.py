"""When requests arrive, in virtual seconds: one process a file."""

from gairp.replay.arrivals.arrivals import Arrivals
from gairp.replay.arrivals.closed_loop import ClosedLoop
from gairp.replay.arrivals.gamma import GammaBursts
from gairp.replay.arrivals.poisson import Poisson
from gairp.replay.arrivals.regular import Regular
from gairp.replay.arrivals.sequential import Sequential
from gairp.replay.arrivals.servegen import ServeGen
from gairp.replay.arrivals.traced import Traced

__all__ = [
    "Arrivals",
    "ClosedLoop",
    "GammaBursts",
    "Poisson",
    "Regular",
    "Sequential",
    "ServeGen",
    "Traced",
]
