"""Thompson sampling with a normal posterior an arm, the noise's variance known."""

from __future__ import annotations

import numpy as np

from gairp.errors import ConfigError
from gairp.policies.base import Floats
from gairp.policies.best_arm import best_of_gaussians
from gairp.policies.thompson import IndependentThompson
from gairp.rewards import Utility


class ThompsonGaussian(IndependentThompson):
    """Posterior of each arm's mean reward, the prior N(prior_mean, prior_sd²).

    The conjugate update (Murphy 2007, section 3): precision = 1/prior_sd² + n/noise_sd²,
    mean = (prior_mean/prior_sd² + Σ r/noise_sd²) / precision. Takes rewards of
    any range.

    noise_sd: 0.5 is the largest standard deviation that a reward in [0, 1] can have.
    """

    def __init__(
        self,
        *,
        prior_mean: float = 0.5,
        prior_sd: float = 1.0,
        noise_sd: float = 0.5,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(utility=utility, name=name)
        if not (0 < prior_sd < np.inf and 0 < noise_sd < np.inf and np.isfinite(prior_mean)):
            raise ConfigError(
                "thompson_gaussian needs a finite prior_mean, prior_sd > 0 and noise_sd > 0; "
                f"got {prior_mean}, {prior_sd} and {noise_sd}"
            )
        self.prior_mean, self.prior_sd = float(prior_mean), float(prior_sd)
        self.noise_sd = float(noise_sd)

    def _posterior(self, count: Floats, total: Floats) -> tuple[Floats, Floats]:
        prior, noise = self.prior_sd**-2.0, self.noise_sd**-2.0
        precision = prior + count * noise
        mean = (self.prior_mean * prior + total * noise) / precision
        return best_of_gaussians(mean, 1.0 / np.sqrt(precision)), mean
