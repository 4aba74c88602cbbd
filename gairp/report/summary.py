"""The summary: one row a policy, the reference points first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gairp.metrics.holm import holm
from gairp.report import reference
from gairp.report.calibration import Calibrated, calibrations
from gairp.report.compared import Compared, compare
from gairp.report.measure import BEST_MIX, Measure
from gairp.report.reference import Reference
from gairp.report.row import NAN, Row
from gairp.report.study import Study


@dataclass(frozen=True, slots=True)
class Summary:
    """All rows, and what they rest on."""

    compared: Compared
    rows: tuple[Row, ...]
    against: str  #: what the gains are over
    best_fixed: str  #: the arm that `regret_best_fixed` is against
    draws: int
    seed: int
    calibrations: tuple[Calibrated, ...] = ()  #: of the policies that predict qualities

    @property
    def study(self) -> Study:
        """The study as it was given."""
        return self.compared.study

    @property
    def primary(self) -> Row:
        """The row that the verdict is about."""
        return self.row(self.study.primary)

    @property
    def against_mix(self) -> bool:
        """Whether the gains are over the best fixed mix; without costs there is none."""
        return self.against == BEST_MIX

    @property
    def prompts(self) -> int:
        """How many prompts were compared."""
        return len(self.compared.pool.prompt_ids)

    def row(self, policy: str) -> Row:
        """The row of this policy."""
        return next(row for row in self.rows if row.policy == policy)


def summarise(study: Study, *, draws: int = 1000, seed: int = 0) -> Summary:
    """Measure every policy and comparator of a study.

    Intervals are two-way bootstraps over groups of near-duplicate prompts and over seeds: 95%,
    two-sided, `draws` draws from `seed`. The same draws serve every row. Raises ConfigError or
    DataError for a study that cannot be compared.
    """
    compared = compare(study)
    measure = Measure(compared, draws=draws, seed=seed)
    policies = [measure.policy(name) for name in compared.policies]
    ran = {row.policy: row for row in policies}
    references = [
        measure.reference(point)
        for point in _references(compared, measure, ran[study.primary])
        if point.name not in ran
    ]
    return Summary(
        compared=compared,
        rows=(*references, *_corrected(policies)),
        against=measure.against,
        best_fixed=compared.pool.arms[measure.best_fixed],
        draws=draws,
        seed=seed,
        calibrations=calibrations(compared, measure.bootstrap),
    )


def gains(summary: Summary) -> dict[str, tuple[float, float, float]]:
    """Gain of each judged policy with its interval: what one `Sensitivity` holds."""
    return {
        row.policy: (row.gain.point, row.gain.low, row.gain.high)
        for row in summary.rows
        if row.kind != "comparator"
    }


def _references(compared: Compared, measure: Measure, primary: Row) -> Iterator[Reference]:
    yield from reference.fixed_arms(compared)
    cheapest = reference.cheapest(compared)
    if cheapest is not None:
        yield cheapest
    yield reference.best_on_train(compared)
    if measure.mix is not None:
        cost_usd = primary.cost.point / compared.per
        yield reference.mix_at(compared, measure.mix, cost_usd, primary.policy)
    yield reference.oracle(compared)


def _corrected(rows: list[Row]) -> list[Row]:
    """Holm over the judged policies beside the primary one; comparators are not tested."""
    adjusted = iter(holm([row.p_value for row in rows if row.kind == "policy"]).tolist())
    corrected = []
    for row in rows:
        if row.kind == "policy":
            row = replace(row, p_value=next(adjusted))
        elif row.kind == "comparator":
            row = replace(row, p_value=NAN)
        corrected.append(row)
    return corrected
