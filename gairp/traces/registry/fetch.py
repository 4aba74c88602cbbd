"""Bringing a dataset into the cache: download, verify, convert; or copy from the mirror."""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from gairp.errors import DataError, DatasetAbsentError, IntegrityError
from gairp.traces.registry import atomic, manifest, table_file
from gairp.traces.registry.cache import (
    Folder,
    check_hash,
    dataset_folder,
    locate,
    mirror_tables,
    whereabouts,
)
from gairp.traces.registry.catalogue import spec
from gairp.traces.registry.dataset import RAW_FILES, DatasetSpec
from gairp.traces.registry.digest import digests
from gairp.traces.registry.download import Downloader, OfflineError
from gairp.traces.registry.first_fetch import FirstFetch
from gairp.traces.registry.manifest import Manifest, Origin
from gairp.traces.registry.progress import Progress

HOST_VARIABLE = "GAIRP_DATA_HOST"

From = Literal["auto", "source", "mirror"]


def fetch(
    name: str,
    *,
    cache: Folder = None,
    mirror: Folder = None,
    origin: From = "auto",
    force: bool = False,
    host: str | None = None,
    progress: Progress | None = None,
    downloader: Downloader | None = None,
) -> dict[str, Path]:
    """Table name -> file in the cache; does nothing where the cache is whole already.

    `origin`: "source" downloads and converts, "mirror" copies, "auto" downloads and falls back
    on the mirror where the network or the converter is absent. `host` (default
    GAIRP_DATA_HOST) serves the files instead of the public one. Raises UnknownNameError,
    DatasetAbsentError, IntegrityError and DataError.
    """
    dataset = spec(name)
    progress = progress or Progress()
    if dataset.embedded is not None:
        progress.note(f"{name} is part of the checkout: nothing to fetch")
        return locate(name, cache, mirror)
    folder = dataset_folder(dataset, cache)
    with atomic.disk_errors(folder), _alone(folder):
        if not force and _whole(name, cache, origin):
            progress.note(f"{name} is in the cache already: {folder / 'tables'}")
            return locate(name, cache, mirror)
        host = host or os.environ.get(HOST_VARIABLE) or RAW_FILES
        _bring(dataset, folder, mirror, origin, host, downloader or Downloader(progress=progress))
    return locate(name, cache, mirror)


def _whole(name: str, cache: Folder, origin: From) -> bool:
    if whereabouts(name, cache) != "cache":
        return False
    made = manifest.read(dataset_folder(spec(name), cache))
    if made is None or (origin == "source" and made.origin != "source"):
        return False
    try:
        locate(name, cache)
    except IntegrityError:
        return False
    return True


def _bring(
    dataset: DatasetSpec,
    folder: Path,
    mirror: Folder,
    origin: From,
    host: str,
    downloader: Downloader,
) -> None:
    mirrored = mirror_tables(dataset, mirror)
    if origin == "mirror" or (origin == "auto" and not dataset.convertible):
        _copy(dataset, folder, mirrored)
        downloader.progress.note(f"{dataset.name}: tables copied from the mirror {mirrored}")
        return
    if not dataset.convertible:
        raise DatasetAbsentError(_no_source(dataset))
    try:
        _download(dataset, folder, host, downloader)
    except OfflineError as error:
        if origin == "source" or mirrored is None or not mirrored.is_dir():
            raise
        downloader.progress.note(f"no download: {error}")
        _copy(dataset, folder, mirrored)
        downloader.progress.note(f"{dataset.name}: tables copied from the mirror {mirrored}")
        return
    _convert(dataset, folder)
    downloader.progress.note(f"{dataset.name}: originals verified and converted")


def _download(dataset: DatasetSpec, folder: Path, host: str, downloader: Downloader) -> None:
    """Every original file that is not here yet, or is not what it should be."""
    first = FirstFetch(folder / "first_fetch.json")
    originals = folder / "original"
    wanted = [
        (source.url(file.path, host), originals / file.path, first.completed(file))
        for source, file in dataset.originals()
    ]
    absent = [item for item in wanted if not _present(item[1], item[2].sha256, item[2].blob)]
    sizes = [file.bytes for _, _, file in absent]
    total = sum(size or 0 for size in sizes) if all(sizes) else None
    downloader.progress.start(len(absent), total)
    for url, target, file in absent:
        downloader.progress.file(file.path)
        downloader.get(url, target, file)
        if not file.hashed:
            first.record(file.path, digests(target).sha256)
            downloader.progress.note(f"{file.path}: no hash known, recorded on this first fetch")


def _present(target: Path, sha256: str | None, blob: str | None) -> bool:
    if not target.is_file():
        return False
    found = digests(target)
    return sha256 in (None, found.sha256) and blob in (None, found.blob)


def _convert(dataset: DatasetSpec, folder: Path) -> None:
    assert dataset.converter is not None
    converter = importlib.import_module(dataset.converter)
    tables = converter.convert(folder / "original", **dataset.options)
    missing = sorted(set(dataset.tables) - set(tables))
    if missing:
        raise DataError(f"{dataset.converter} made no table {missing} of {dataset.name}")
    with _install(dataset, folder, "source") as part:
        for key, table in dataset.tables.items():
            table_file.write(tables[key], part / table.file)


def _copy(dataset: DatasetSpec, folder: Path, mirrored: Path | None) -> None:
    if mirrored is None or not mirrored.is_dir():
        raise DatasetAbsentError(_no_source(dataset, mirrored))
    absent = [t.file for t in dataset.tables.values() if not (mirrored / t.file).is_file()]
    if absent:
        raise DatasetAbsentError(f"the mirror folder {mirrored} lacks {', '.join(absent)}")
    with _install(dataset, folder, "mirror") as part:
        for table in dataset.tables.values():
            check_hash(mirrored / table.file, table.sha256, dataset, "mirror")
            shutil.copyfile(mirrored / table.file, part / table.file)


@contextmanager
def _install(dataset: DatasetSpec, folder: Path, origin: Origin) -> Iterator[Path]:
    """Yields the folder to write tables into; they count once the manifest is written, last."""
    with atomic.folder(folder / "tables") as part:
        yield part
        tables = {
            table.file: digests(part / table.file).sha256 for table in dataset.tables.values()
        }
        manifest.remove(folder)
    recipe = manifest.recipe(dataset)
    made = Manifest(dataset=dataset.name, origin=origin, recipe=recipe, tables=tables)
    manifest.write(folder, made)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two fetches of one dataset at once take turns."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            import fcntl
        except ImportError:  # no such lock on this system: the hashes still guard the files
            yield
            return
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _no_source(dataset: DatasetSpec, mirrored: Path | None = None) -> str:
    if dataset.convertible:
        why = "it was to be copied from a mirror"
    else:
        why = f"there is no converter for its sources ({dataset.provenance or 'see describe'})"
    where = f"the folder {mirrored} is absent" if mirrored else "GAIRP_DATA_MIRROR is not set"
    return (
        f"dataset {dataset.name!r} cannot be fetched: {why}, and {where}; set GAIRP_DATA_MIRROR "
        f"to a folder that holds {dataset.mirror}/ with "
        f"{', '.join(table.file for table in dataset.tables.values())}"
    )
