"""Datasets from the command line: `python -m gairp.data list | describe | fetch | verify`.

Exit codes: 0 well, 1 a check failed, 2 a mistake or absent data (the message says what to do),
130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gairp.errors import GairpError
from gairp.traces import registry

if TYPE_CHECKING:
    from rich.console import Console

    from gairp.traces.registry import DatasetSpec, Source

EPILOG = (
    "Folders: GAIRP_DATA_DIR is the cache (default ~/.cache/gairp/data); GAIRP_DATA_MIRROR is a "
    "folder of converted tables that is read, never written. See docs/data.md."
)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser("python -m gairp.data", description=__doc__, epilog=EPILOG)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="all datasets: size, licence, where they are now")
    describe = commands.add_parser("describe", help="origin, licence, caveats, tables of one")
    fetch = commands.add_parser("fetch", help="download, verify and convert one")
    verify = commands.add_parser("verify", help="check hashes and shapes of what is here")
    for command in (describe, fetch, verify):
        command.add_argument("name", metavar="NAME")
    fetch.add_argument(
        "--from",
        dest="origin",
        choices=("auto", "source", "mirror"),
        default="auto",
        help="auto: download, and copy from the mirror where there is no network",
    )
    fetch.add_argument("--force", action="store_true", help="convert again, even if all is here")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit code."""
    from rich.console import Console

    options = parser().parse_args(arguments)
    # Paths and addresses are copied by hand: no wrapping where the output is not a terminal.
    out = Console(soft_wrap=True, highlight=False)
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        if options.command == "list":
            return show_list(out)
        if options.command == "describe":
            return show_dataset(options.name, out)
        if options.command == "verify":
            return show_checks(options.name, out)
        return fetch_dataset(options.name, options.origin, options.force, errors, out)
    except GairpError as error:
        errors.print(f"error: {error}", markup=False)
        return 2
    except KeyboardInterrupt:
        errors.print("interrupted: run the same command again, it continues where it stopped")
        return 130


def show_list(out: Console) -> int:
    """One line a dataset."""
    from rich.table import Table

    table = Table("name", "what", "size", "licence", "where", box=None, pad_edge=False)
    for name in registry.names():
        spec = registry.spec(name)
        where = registry.whereabouts(name)
        table.add_row(name, spec.kind, str(spec.size), spec.licence, where)
    out.print(table)
    return 0


def show_dataset(name: str, out: Console) -> int:
    """Everything that the registry knows of one dataset."""
    spec = registry.spec(name)
    lines = [
        f"{spec.name}: {spec.title}",
        spec.about,
        "",
        f"size       {spec.size}",
        f"licence    {spec.licence}",
        f"cite       {spec.citation}",
        f"where      {registry.whereabouts(name)}",
        f"converter  {spec.converter or 'none: its tables come from a mirror or the checkout'}",
        *(line for source in spec.sources for line in _source_lines(source)),
        *([f"provenance {spec.provenance}"] if spec.provenance else []),
        "tables",
        *(_table_line(spec, key) for key in spec.tables),
        *(["caveats"] if spec.caveats else []),
        *(f"  - {caveat}" for caveat in spec.caveats),
    ]
    out.print("\n".join(lines), markup=False)
    return 0


def _source_lines(source: Source) -> list[str]:
    known = [file for file in source.files if file.hashed]
    size = sum(file.bytes or 0 for file in source.files)
    lines = [f"source     {source.repository} at commit {source.commit} ({source.date})"]
    if source.files:
        lines.append(f"           {len(source.files)} files, {size / 1e6:.1f} MB; first address:")
        lines.append(f"           {source.url(source.files[0].path)}")
        lines.append(f"           hashes registered for {len(known)} of {len(source.files)} files")
    lines += [
        f"           {file.path}: no hash known: recorded on first fetch (trust on first use)"
        for file in source.files
        if not file.hashed
    ]
    return [*lines, f"           {source.note}"] if source.note else lines


def _table_line(spec: DatasetSpec, key: str) -> str:
    table = spec.tables[key]
    shape = " × ".join(f"{size:,}" for size in table.shape or ()) or "shape not registered"
    digest = f"sha256 {table.sha256}" if table.sha256 else "no hash registered"
    return f"  {key}: {table.file}, {shape}, {digest}"


def fetch_dataset(name: str, origin: str, force: bool, errors: Console, out: Console) -> int:
    """Progress goes to standard error, the files' paths to standard output."""
    from gairp.traces.registry.progress import RichProgress

    registry.spec(name)  # a wrong name is told before a bar is drawn
    with RichProgress(errors) as progress:
        files = registry.fetch(name, origin=origin, force=force, progress=progress)  # type: ignore[arg-type]
    for key, file in files.items():
        out.print(f"{key}  {file}", markup=False)
    return 0


def show_checks(name: str, out: Console) -> int:
    """One line a file."""
    checks = registry.verify(name)
    for check in checks:
        mark = "ok    " if check.ok else "FAILED"
        out.print(f"{mark} {check.place}  {check.file}  {check.note}", markup=False)
    failed = sum(not check.ok for check in checks)
    out.print(f"{name}: {len(checks)} checks, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
