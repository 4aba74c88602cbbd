"""`python -m gairp.report RUN…`: remake reports, and compare runs, from MLflow alone."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from gairp.errors import GairpError

if TYPE_CHECKING:
    from gairp.report.study import Study


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch, merge, write and print; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        _remake(options)
    except GairpError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _remake(options: argparse.Namespace) -> None:
    from gairp.report.folder import load_study
    from gairp.report.pool_table import pool_hash
    from gairp.tracking.client import default_uri
    from gairp.tracking.reader import fetch_study

    uri = options.tracking_uri or default_uri()
    with TemporaryDirectory(prefix="gairp-report-") as scratch:
        into = Path(scratch)
        studies = [load_study(fetch_study(run, uri, into)) for run in dict.fromkeys(options.runs)]
    one_pool = len({pool_hash(study.pool) for study in studies}) == 1
    if one_pool:
        _report(studies, options)
    if not one_pool or options.compare:
        _compare(studies, options)
    print(f"report: {options.out}", file=sys.stderr)


def _report(studies: Sequence[Study], options: argparse.Namespace) -> None:
    from gairp.report.merge import merge
    from gairp.report.terminal import print_report
    from gairp.report.write import write_report

    study = merge(studies, primary=options.primary)
    report = write_report(study, options.out, draws=options.draws, seed=options.seed)
    print_report(report.summary)


def _compare(studies: Sequence[Study], options: argparse.Namespace) -> None:
    from gairp.report.comparison.compared import compare_studies
    from gairp.report.comparison.write import MARKDOWN, verdict_line, write_comparison

    found = compare_studies(
        studies,
        measured=options.by,
        blocks=options.blocks,
        draws=options.draws,
        seed=options.seed,
    )
    write_comparison(found, options.out)
    print((options.out / MARKDOWN).read_text(encoding="utf-8"))
    print(verdict_line(found))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gairp.report",
        description="Remake the report of finished studies from MLflow alone. Several studies "
        "over one pool of prompts and arms make one report; studies over different pools (data "
        "sets, splits) are compared policy by policy.",
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="MLflow run id of a study")
    parser.add_argument(
        "--tracking-uri", help="MLflow store (default: MLFLOW_TRACKING_URI, else mlruns/)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("report"), help="folder to write to (default: report)"
    )
    parser.add_argument("--primary", help="policy that the verdict is about, if another one")
    parser.add_argument(
        "--compare", action="store_true", help="compare the policies of one pool pairwise, too"
    )
    parser.add_argument(
        "--by",
        choices=("gain", "utility", "quality"),
        help="what is compared (default: gain over the best fixed mix at equal cost; quality "
        "where costs are unknown)",
    )
    parser.add_argument(
        "--blocks",
        choices=("split", "category"),
        default="split",
        help="what policies are ranked on: seeds of splits, or categories (default: split)",
    )
    parser.add_argument("--draws", type=int, default=1000, help="bootstrap draws (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draws (default: 0)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
