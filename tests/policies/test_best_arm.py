"""The probability of being the best arm, against closed forms and other ways to compute it."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import betaln
from scipy.stats import beta, norm

from gairp.policies.best_arm import best_of_betas, best_of_gaussians

Floats = NDArray[np.float64]


def reference(arms: list[object], breaks: Floats) -> Floats:
    """∫ pdf_i Π cdf_j by adaptive quadrature between the breaks."""
    points = np.unique(breaks)
    found = []
    for i, arm in enumerate(arms):

        def integrand(t: float, i: int = i, arm: object = arm) -> float:
            others = (a.cdf(t) for j, a in enumerate(arms) if j != i)  # type: ignore[attr-defined]
            return float(arm.pdf(t) * math.prod(others))  # type: ignore[attr-defined]

        found.append(sum(quad(integrand, a, b, epsabs=1e-11)[0] for a, b in pairwise(points)))
    return np.array(found)


# -- gaussians ----------------------------------------------------------------------------


@pytest.mark.parametrize("sd", [(1.0, 1.0), (0.3, 2.0), (1e-5, 0.4), (1e-4, 1e-7)])
@pytest.mark.parametrize("gap", [0.0, 1e-5, 0.1, 1.0, -3.0])
def test_two_gaussians_have_a_closed_form(sd: tuple[float, float], gap: float) -> None:
    """P(a > b) = Φ((μ_a - μ_b) / sqrt(σ_a² + σ_b²))."""
    p = best_of_gaussians(np.array([0.5 + gap, 0.5]), np.array(sd))
    assert p[0] == pytest.approx(norm.cdf(gap / math.hypot(*sd)), abs=1e-8)
    assert p.sum() == pytest.approx(1.0, abs=1e-12)


def test_three_gaussians_by_adaptive_quadrature() -> None:
    mean, sd = np.array([0.2, 0.5, 0.45]), np.array([0.4, 0.05, 0.1])
    breaks = np.concatenate([mean + c * sd for c in (-9, -4, -1, 0, 1, 4, 9)])
    arms: list[object] = [norm(m, s) for m, s in zip(mean, sd, strict=True)]
    assert best_of_gaussians(mean, sd) == pytest.approx(reference(arms, breaks), abs=1e-8)


@pytest.mark.parametrize("k", [2, 3, 8, 20])
def test_alike_gaussians_share(k: int) -> None:
    p = best_of_gaussians(np.full(k, -0.3), np.full(k, 0.01))
    assert p == pytest.approx(np.full(k, 1.0 / k), abs=1e-12)


def test_gaussians_against_samples() -> None:
    rng = np.random.default_rng(1)
    mean, sd = rng.normal(0.5, 0.1, 12), rng.uniform(0.02, 0.3, 12)
    draws = rng.normal(mean, sd, (400_000, 12)).argmax(axis=1)
    share = np.bincount(draws, minlength=12) / 400_000
    assert best_of_gaussians(mean, sd) == pytest.approx(share, abs=4e-3)


def test_gaussians_of_very_unequal_width() -> None:
    """A point at 0.5 beats N(0, 1) unless that exceeds 0.5; the arm below hardly ever wins."""
    p = best_of_gaussians(np.array([0.5, 0.0, -5.0]), np.array([0.0, 1.0, 0.5]))
    assert p[1] == pytest.approx(norm.sf(0.5), abs=1e-8)
    assert p[0] == pytest.approx(norm.cdf(0.5), abs=1e-8)
    assert 0.0 <= p[2] < 1e-12


def test_gaussians_far_apart_leave_no_doubt() -> None:
    assert best_of_gaussians(np.array([1e6, 0.0]), np.array([1e-9, 1.0])).tolist() == [1.0, 0.0]
    assert best_of_gaussians(np.array([3.0]), np.array([0.0])).tolist() == [1.0]


def test_shift_and_scale_do_not_matter() -> None:
    rng = np.random.default_rng(2)
    mean, sd = rng.normal(0.0, 1.0, 8), rng.uniform(0.1, 2.0, 8)
    p = best_of_gaussians(mean, sd)
    assert best_of_gaussians(1e3 * mean - 7.0, 1e3 * sd) == pytest.approx(p, abs=1e-10)
    assert best_of_gaussians(mean[::-1], sd[::-1])[::-1] == pytest.approx(p, abs=1e-12)


# -- betas --------------------------------------------------------------------------------


def chance_that_first_beats_second(a: Floats, b: Floats) -> float:
    """Σ_{i < a_1} B(a_2 + i, b_1 + b_2) / ((b_1 + i) B(1 + i, b_1) B(a_2, b_2)), for whole a_1."""
    i = np.arange(int(a[0]))
    log_terms = betaln(a[1] + i, b[0] + b[1]) - betaln(1 + i, b[0]) - betaln(a[1], b[1])
    return float((np.exp(log_terms) / (b[0] + i)).sum())


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([1.0, 1.0], [1.0, 1.0]),
        ([3.0, 2.5], [4.0, 1.5]),
        ([40.0, 700.0], [60.0, 900.0]),
        ([1.0, 0.2], [50.0, 0.3]),
        ([20_000.0, 20_050.0], [20_000.0, 19_950.0]),
        ([2.0, 100_000.0], [1.0, 100_000.0]),
    ],
)
def test_two_betas_have_a_closed_form(a: list[float], b: list[float]) -> None:
    x, y = np.array(a), np.array(b)
    p = best_of_betas(x, y)
    assert p[0] == pytest.approx(chance_that_first_beats_second(x, y), abs=1e-7)
    assert p.sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    ("a", "b"),
    [([1.0, 12.0, 30.5], [1.0, 9.5, 20.0]), ([0.5, 0.7, 3.0], [0.5, 2.0, 4.0])],
)
def test_three_betas_by_adaptive_quadrature(a: list[float], b: list[float]) -> None:
    """In t this time, where the quadrature under test works in log(t / (1 - t)).

    With t = s² (3 - 2s) the poles at 0 and 1 are integrable to the full precision.
    """
    arms = [beta(x, y) for x, y in zip(a, b, strict=True)]
    expected = []
    for i, arm in enumerate(arms):

        def integrand(s: float, i: int = i, arm: object = arm) -> float:
            t = s * s * (3.0 - 2.0 * s)
            others = math.prod(other.cdf(t) for j, other in enumerate(arms) if j != i)
            return float(arm.pdf(t) * others * 6.0 * s * (1.0 - s))  # type: ignore[attr-defined]

        pieces = pairwise(np.linspace(0.0, 1.0, 9))
        expected.append(sum(quad(integrand, low, high, epsabs=1e-10)[0] for low, high in pieces))
    assert best_of_betas(np.array(a), np.array(b)) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize(("a", "b"), [(1.0, 1.0), (0.3, 0.3), (5e5, 3e5), (1.0, 400.0)])
def test_alike_betas_share(a: float, b: float) -> None:
    p = best_of_betas(np.full(20, a), np.full(20, b))
    assert p == pytest.approx(np.full(20, 0.05), abs=1e-12)


def test_betas_against_samples() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.uniform(1.0, 30.0, 10), rng.uniform(1.0, 20.0, 10)
    draws = rng.beta(a, b, (400_000, 10)).argmax(axis=1)
    share = np.bincount(draws, minlength=10) / 400_000
    assert best_of_betas(a, b) == pytest.approx(share, abs=4e-3)


def test_betas_become_gaussians_where_they_are_narrow() -> None:
    n = 4e6
    mean = np.array([0.5, 0.5002, 0.4995])
    sd = np.sqrt(mean * (1 - mean) / n)
    p = best_of_betas(n * mean, n * (1 - mean))
    assert p == pytest.approx(best_of_gaussians(mean, sd), abs=1e-3)
    assert p[1] > 0.7
