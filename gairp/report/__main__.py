"""`python -m gairp.report RUN…`: remake the report of finished studies from MLflow alone."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from gairp.errors import GairpError


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
    from gairp.report.merge import merge
    from gairp.report.terminal import print_report
    from gairp.report.write import write_report
    from gairp.tracking.client import default_uri
    from gairp.tracking.reader import fetch_study

    uri = options.tracking_uri or default_uri()
    with TemporaryDirectory(prefix="gairp-report-") as scratch:
        into = Path(scratch)
        studies = [load_study(fetch_study(run, uri, into)) for run in dict.fromkeys(options.runs)]
    study = merge(studies, primary=options.primary)
    report = write_report(study, options.out, draws=options.draws, seed=options.seed)
    print_report(report.summary)
    print(f"report: {options.out}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gairp.report",
        description="Remake the report of finished studies from MLflow alone. Several studies "
        "over one pool of prompts and arms make one report.",
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="MLflow run id of a study")
    parser.add_argument(
        "--tracking-uri", help="MLflow store (default: MLFLOW_TRACKING_URI, else mlruns/)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("report"), help="folder to write to (default: report)"
    )
    parser.add_argument("--primary", help="policy that the verdict is about, if another one")
    parser.add_argument("--draws", type=int, default=1000, help="bootstrap draws (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draws (default: 0)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
