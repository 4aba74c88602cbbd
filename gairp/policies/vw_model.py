"""A contextual bandit of Vowpal Wabbit: the only file that touches `vowpal_wabbit_next`."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from gairp.errors import (
    ConfigError,
    FeatureError,
    MissingDependencyError,
    PolicyError,
    StateError,
)

Floats = NDArray[np.float64]

#: VW squares features in float32, which ends at 3.4e38.
_LARGEST = 1e38


class VWModel:
    """One workspace with `--cb_explore_adf`; features are the shared namespace `s`, arms are `a`.

    The parsed examples are kept and only the shared feature values change from call to call, which
    takes half the time of building text, and gives the values exactly (VW's own parser of decimal
    numbers may be off in the last bit). VW computes in float32 and is not thread-safe.
    """

    def __init__(self, options: tuple[str, ...], state: bytes | None = None) -> None:
        self._options = options
        self._vw = _vowpal_wabbit()
        self._saved = state
        try:
            # A model file holds its options, the state of its random generator among them.
            self._workspace = (
                self._vw.Workspace(["--quiet", *options])
                if state is None
                else self._vw.Workspace(["--quiet"], model_data=state)
            )
        except RuntimeError as error:
            if state is not None:
                raise StateError(
                    f"this is no Vowpal Wabbit model: {error}; save it anew"
                ) from error
            raise ConfigError(f"Vowpal Wabbit refuses {' '.join(options)}: {error}") from error
        self._parser = self._vw.TextFormatParser(self._workspace)
        label = self._vw.CBLabel
        self._unlabelled = label()
        # VW counts an example by the shared line's weight. At weight 0 a prediction leaves no trace
        # in the model file, and nothing else depends on it.
        self._shared_labels = label(shared=True, weight=0.0), label(shared=True)
        self._shared = self._parser.parse_line("shared |s 0:1")
        self._shared.set_label(self._shared_labels[0])
        self._indices: NDArray[np.uint64] = np.empty(0, dtype=np.uint64)
        self._arms: dict[str, Any] = {}
        self._last: tuple[str, ...] = ()
        self._examples: list[Any] = []

    def probabilities(self, features: Floats, candidates: tuple[str, ...]) -> Floats:
        """The exploration distribution over the candidates [k], in float64 and summing to 1."""
        p = np.zeros(len(candidates))
        for index, probability in self._workspace.predict_one(self._build(features, candidates)):
            p[index] = probability
        # VW's float32 sums miss 1 by rounding, and a difference may end a hair below 0.
        np.maximum(p, 0.0, out=p)
        total = p.sum()
        if not 0.0 < total < np.inf:
            raise PolicyError(
                f"Vowpal Wabbit gave no probabilities: {p.tolist()}; its weights have run away: "
                "scale the features, or lower the learning rate"
            )
        p /= total
        return p

    def learn(
        self,
        features: Floats,
        candidates: tuple[str, ...],
        arm: str,
        *,
        cost: float,
        propensity: float,
    ) -> None:
        """Update on the cost of one arm, taken with this probability."""
        examples = self._build(features, candidates)
        chosen = self._arms[arm]
        self._saved = None
        chosen.set_label(self._vw.CBLabel(label=(0, cost, propensity)))
        self._shared.set_label(self._shared_labels[1])
        try:
            self._workspace.learn_one(examples)
        finally:
            chosen.set_label(self._unlabelled)
            self._shared.set_label(self._shared_labels[0])

    def serialize(self) -> bytes:
        """The model file: the same bytes for the same updates, however much was predicted."""
        if self._saved is None:
            written = self._workspace.serialize()
            # Reading it drops the running totals of the progress report.
            read = self._vw.Workspace(["--quiet"], model_data=written)
            self._saved = bytes(read.serialize())
        return self._saved

    def __reduce__(self) -> tuple[type[VWModel], tuple[tuple[str, ...], bytes]]:
        # Copies and pickles go through the model file: a workspace has neither.
        return VWModel, (self._options, self.serialize())

    def _build(self, features: Floats, candidates: tuple[str, ...]) -> list[Any]:
        if candidates != self._last:
            self._last = candidates
            self._examples = [self._shared, *(self._arm(name) for name in candidates)]
        if len(features) > len(self._indices):
            self._widen(len(features))
        if features.dot(features) > _LARGEST:
            raise FeatureError(
                "the features are too large for Vowpal Wabbit's float32: their squares sum to "
                f"{features.dot(features):.3g}; scale them"
            )
        values = features.astype(np.float32)
        # As in VW's text format, a feature of value 0 is no feature.
        kept = values.nonzero()[0]
        group = self._shared["s"]
        group.truncate_to(0)
        group.push_many_features(self._indices[kept], values[kept])
        return self._examples

    def _arm(self, name: str) -> Any:
        example = self._arms.get(name)
        if example is None:
            example = self._parser.parse_line(f"|a arm={quote(name, safe='')}")
            self._arms[name] = example
        return example

    def _widen(self, d: int) -> None:
        """Learn from VW where in its weights the features 0 … d - 1 lie."""
        line = self._parser.parse_line("shared |s " + " ".join(f"{i}:1" for i in range(d)))
        self._indices = np.array(line["s"].indices, dtype=np.uint64)


def _vowpal_wabbit() -> Any:
    try:
        import vowpal_wabbit_next
    except ImportError as error:
        raise MissingDependencyError(
            "vowpal-wabbit-next",
            extra="vw",
            needed_for="a policy on Vowpal Wabbit (Python 3.12 or older: it has no later wheels)",
        ) from error
    # What it would say about its options at every start is settled in the files of the policies.
    logging.getLogger("vowpal_wabbit_next.log").setLevel(logging.ERROR)
    return vowpal_wabbit_next
