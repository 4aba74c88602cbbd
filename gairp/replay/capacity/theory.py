"""What queueing theory says of a pool: to hold a simulation against.

M/M/c by Erlang's formula, M/G/1 by Pollaczek and Khinchine (Kleinrock 1975, sections 3.5 and 5.6).
"""

from __future__ import annotations

import math


def mm_c_wait(rate: float, mean_s: float, places: int) -> float:
    """Mean seconds in the queue of M/M/c; infinite where more comes than can be served."""
    load = rate * mean_s
    if load >= places:
        return math.inf
    last = load**places / math.factorial(places) * places / (places - load)
    idle = sum(load**n / math.factorial(n) for n in range(places)) + last
    return last / idle * mean_s / (places - load)


def mg_1_wait(rate: float, mean_s: float, cv: float) -> float:
    """Mean seconds in the queue of M/G/1, with service times of this coefficient of variation."""
    load = rate * mean_s
    if load >= 1:
        return math.inf
    return load * mean_s * (1.0 + cv**2) / (2.0 * (1.0 - load))
