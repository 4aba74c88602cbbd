"""summary.csv: every figure of the summary, byte-identical whenever the study is the same."""

from __future__ import annotations

import csv
import io

from gairp.metrics.interval import Estimate
from gairp.report.calibration import Calibrated
from gairp.report.cell import UNKNOWN, fixed
from gairp.report.row import Row
from gairp.report.summary import Summary


def summary_csv(summary: Summary) -> str:
    """One line a policy. An unknown quantity is "—" (read it with `na_values="—"`).

    It holds no run id, no date and no measured time of the machine that made it.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    records = [_record(summary, row) for row in summary.rows]
    writer.writerow(records[0])
    writer.writerows(record.values() for record in records)
    return out.getvalue()


def calibration_csv(summary: Summary) -> str:
    """One line a policy and stage of the policies that predict; there must be one."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    records = [_calibration(one) for one in summary.calibrations]
    writer.writerow(records[0])
    writer.writerows(record.values() for record in records)
    return out.getvalue()


def cost_name(summary: Summary) -> str:
    """The cost column: cost_usd_per_1k or strong_share."""
    return "cost_usd_per_1k" if summary.study.cost_unit.startswith("USD") else "strong_share"


def _record(summary: Summary, row: Row) -> dict[str, str]:
    p50, p95, p99 = row.latency_s
    against = "best_mix" if summary.against_mix else "best_on_train"
    shares = zip(summary.compared.pool.arms, row.shares.tolist(), strict=True)
    return {
        "policy": row.policy,
        "kind": row.kind,
        "seeds": str(row.seeds) if row.seeds else UNKNOWN,
        "prompts": str(summary.prompts),
        **_interval("quality", row.quality),
        **_interval(cost_name(summary), row.cost),
        "latency_p50_s": fixed(p50),
        "latency_p95_s": fixed(p95),
        "latency_p99_s": fixed(p99),
        "regret_best_fixed": fixed(row.regret_best_fixed, 4),
        "regret_oracle": fixed(row.regret_oracle, 4),
        **_interval("aiq", row.aiq),
        "coverage": fixed(row.coverage),
        **_interval(f"gain_vs_{against}", row.gain),
        "p_value": fixed(row.p_value),
        **_interval("saving_vs_best_mix", row.saving),
        **{f"share:{arm}": fixed(share) for arm, share in shares},
    }


def _calibration(one: Calibrated) -> dict[str, str]:
    record = {"policy": one.policy, "predictions": one.stage}
    for end, borne in (("", one.every), ("_chosen", one.chosen)):
        record |= _interval(f"brier{end}", borne.brier)
        record[f"calibration_error{end}"] = fixed(borne.error)
    return record


def _interval(name: str, estimate: Estimate) -> dict[str, str]:
    return {
        name: fixed(estimate.point),
        f"{name}_low": fixed(estimate.low),
        f"{name}_high": fixed(estimate.high),
    }
