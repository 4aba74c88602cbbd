"""Checking what is here: hashes of originals and tables, shapes of tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gairp.errors import DataError, IntegrityError
from gairp.traces.registry import manifest, table_file
from gairp.traces.registry.cache import (
    Folder,
    Place,
    check_hash,
    checkout_tables,
    dataset_folder,
    expected_hashes,
    locate,
    mirror_tables,
)
from gairp.traces.registry.catalogue import spec
from gairp.traces.registry.dataset import DatasetSpec, SourceFile, TableFile
from gairp.traces.registry.digest import digests
from gairp.traces.registry.first_fetch import FirstFetch


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One file's result."""

    place: str  #: cache, mirror or checkout
    file: Path
    ok: bool
    note: str  #: shape, or what is wrong


def verify(name: str, cache: Folder = None, mirror: Folder = None) -> list[Check]:
    """Checks every file of the dataset that is here, in the cache and in the mirror.

    Raises UnknownNameError, and DatasetAbsentError where there is nothing to check.
    """
    dataset = spec(name)
    if dataset.embedded is not None:
        folders: list[tuple[Place, Path]] = [("checkout", checkout_tables(dataset))]
    else:
        folders = [("cache", dataset_folder(dataset, cache) / "tables")]
        if mirrored := mirror_tables(dataset, mirror):
            folders.append(("mirror", mirrored))
    checks = list(_originals(dataset, dataset_folder(dataset, cache)))
    for place, folder in folders:
        if folder.is_dir():
            expected = expected_hashes(dataset, place, cache)
            checks.extend(
                _table(dataset, place, folder / table.file, table, expected.get(table.file))
                for table in dataset.tables.values()
            )
    checks.extend(_stale(dataset, cache))
    if not checks:
        locate(name, cache, mirror)
    return checks


def _originals(dataset: DatasetSpec, folder: Path) -> Iterator[Check]:
    """Only files that are here: tables copied from a mirror have no originals beside them."""
    if not (folder / "original").is_dir():
        return
    first = FirstFetch(folder / "first_fetch.json")
    for _, file in dataset.originals():
        path = folder / "original" / file.path
        if path.is_file():
            yield _original(path, first.completed(file), dataset.name)


def _original(path: Path, file: SourceFile, name: str) -> Check:
    found = digests(path)
    if not file.hashed:
        note, ok = f"no hash known; sha256 is {found.sha256}", True
    else:
        ok = file.sha256 in (None, found.sha256) and file.blob in (None, found.blob)
        note = f"{path.stat().st_size:,} bytes"
        if not ok:
            wanted, actual = (file.sha256, found.sha256) if file.sha256 else (file.blob, found.blob)
            note = (
                f"hash is {actual}, registered is {wanted}; run: python -m gairp.data fetch {name}"
            )
    return Check(place="cache", file=path, ok=ok, note=note)


def _table(
    dataset: DatasetSpec, place: Place, file: Path, table: TableFile, expected: str | None
) -> Check:
    try:
        if not file.is_file():
            raise DataError("the file is absent")
        check_hash(file, expected, dataset, place)
        found = table_file.shape(file)
        if table.shape is not None and found != table.shape:
            raise DataError(f"shape is {found}, registered is {table.shape}")
    except (DataError, IntegrityError) as error:
        return Check(place=place, file=file, ok=False, note=str(error))
    note = " × ".join(f"{size:,}" for size in found)
    if expected is None:
        note += f"; no hash registered, sha256 is {digests(file).sha256}"
    return Check(place=place, file=file, ok=True, note=note)


def _stale(dataset: DatasetSpec, cache: Folder) -> Iterator[Check]:
    folder = dataset_folder(dataset, cache)
    made = manifest.read(folder)
    if made is not None and made.recipe != manifest.recipe(dataset):
        yield Check(
            place="cache",
            file=folder / "manifest.json",
            ok=False,
            note="made by another version of source or converter, not used; "
            f"run: python -m gairp.data fetch {dataset.name}",
        )
    elif made is None and (folder / "tables").is_dir():
        yield Check(
            place="cache",
            file=folder / "manifest.json",
            ok=False,
            note="absent: the fetch did not finish; "
            f"run: python -m gairp.data fetch {dataset.name}",
        )
