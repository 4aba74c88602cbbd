"""A small neural network with one output an arm."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from gairp.errors import ConfigError
from gairp.policies.base import Floats, State
from gairp.policies.learned.calibration import Method
from gairp.policies.learned.patterns import patterns
from gairp.policies.learned.router import Bools, LearnedRouter
from gairp.policies.learned.scaler import Scaler
from gairp.rewards import Utility


class MLP(LearnedRouter):
    """Quality = W2 relu(W1 x + b1) + b2, by Adam on the squared error.

    Hu et al. (2024), "RouterBench", section 4. Arms observed on the same rows share a network.

    hidden: units of the one hidden layer.
    alpha: penalty on the squared weights.
    epochs: passes over the training rows.
    learning_rate: of Adam.
    """

    def __init__(
        self,
        *,
        hidden: int = 32,
        alpha: float = 1e-2,
        epochs: int = 20,
        learning_rate: float = 3e-3,
        calibration: Method = "none",
        holdout: float = 0.2,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(calibration=calibration, holdout=holdout, utility=utility, name=name)
        if hidden < 1 or epochs < 1 or not (alpha >= 0 and learning_rate > 0):
            raise ConfigError(
                "mlp needs hidden and epochs of at least 1, alpha >= 0 and learning_rate > 0; got "
                f"{hidden}, {epochs}, {alpha} and {learning_rate}"
            )
        self.hidden, self.epochs = int(hidden), int(epochs)
        self.alpha, self.learning_rate = float(alpha), float(learning_rate)
        self._scaler = Scaler(np.empty(0), 1.0)
        self._first, self._bias = np.empty((0, 0)), np.empty(0)  # [d, units], [units]
        self._second, self._output = np.empty((0, 0)), np.empty(0)  # [units, arms], [arms]

    def _fit(self, x: Floats, y: Floats, observed: Bools, rng: np.random.Generator) -> None:
        self._scaler = Scaler.fit(x)
        z, k = self._scaler(x), y.shape[1]
        firsts, biases, seconds = [], [], []
        self._output = np.zeros(k)
        for arms, rows in patterns(observed):
            first, bias, second, output = self._network(
                z[rows], y[rows][:, arms], int(rng.integers(2**31))
            )
            firsts.append(first)
            biases.append(bias)
            # Networks side by side are one network whose output weights have blocks of zeros.
            seconds.append(np.zeros((self.hidden, k)))
            seconds[-1][:, arms], self._output[arms] = second, output
        self._first, self._bias = np.hstack(firsts), np.concatenate(biases)
        self._second = np.vstack(seconds)

    def _network(self, x: Floats, y: Floats, seed: int) -> tuple[Floats, Floats, Floats, Floats]:
        from sklearn.neural_network import MLPRegressor

        network = MLPRegressor(
            hidden_layer_sizes=(self.hidden,),
            alpha=self.alpha,
            max_iter=self.epochs,
            learning_rate_init=self.learning_rate,
            batch_size=min(128, len(x)),
            random_state=seed,
        )
        with warnings.catch_warnings():
            # The number of passes is a setting: stopping there is no failure.
            warnings.simplefilter("ignore")
            network.fit(x, y if y.shape[1] > 1 else y[:, 0])
        (first, second), (bias, output) = network.coefs_, network.intercepts_
        return first, bias, second, output

    def _predict(self, x: Floats) -> Floats:
        hidden = np.maximum(self._scaler(x) @ self._first + self._bias, 0.0)
        return np.asarray(hidden @ self._second + self._output)

    def _predict_one(self, x: Floats) -> Floats:
        return self._predict(x)

    def _model(self) -> dict[str, Any]:
        return {
            "scaler": self._scaler.state(),
            "first": self._first,
            "bias": self._bias,
            "second": self._second,
            "output": self._output,
        }

    def _take_up(self, model: State) -> None:
        self._scaler = Scaler.restored(model["scaler"])
        self._first, self._bias = model["first"], model["bias"]
        self._second, self._output = model["second"], model["output"]
