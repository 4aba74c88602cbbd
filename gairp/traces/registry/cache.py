"""Finding a dataset's tables: in the cache, in the mirror, or in the checkout."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from gairp.errors import DatasetAbsentError, IntegrityError
from gairp.traces.registry import folders, manifest
from gairp.traces.registry.catalogue import spec
from gairp.traces.registry.dataset import DatasetSpec
from gairp.traces.registry.digest import digests

Place = Literal["cache", "mirror", "checkout", "absent"]
Folder = Path | str | None


def locate(name: str, cache: Folder = None, mirror: Folder = None) -> dict[str, Path]:
    """Table name -> file, looked up in the cache and then in the mirror; hashes are checked.

    An embedded dataset is read from the checkout. `cache` and `mirror` default to GAIRP_DATA_DIR
    and GAIRP_DATA_MIRROR. Raises UnknownNameError, DatasetAbsentError (with the command that
    fetches it) and IntegrityError.
    """
    dataset = spec(name)
    place = whereabouts(name, cache, mirror)
    if place == "absent":
        raise DatasetAbsentError(_absent(dataset, folders.cache_folder(cache), mirror))
    expected = expected_hashes(dataset, place, cache)
    files = {
        key: _folder(dataset, place, cache, mirror) / table.file
        for key, table in dataset.tables.items()
    }
    for file in files.values():
        check_hash(file, expected.get(file.name), dataset, place)
    return files


def whereabouts(name: str, cache: Folder = None, mirror: Folder = None) -> Place:
    """Where the tables of `name` are now; only presence is looked at, hashes are not."""
    dataset = spec(name)
    if dataset.embedded is not None:
        return "checkout" if _complete(dataset, checkout_tables(dataset)) else "absent"
    folder = dataset_folder(dataset, cache)
    made = manifest.read(folder)
    if made and made.recipe == manifest.recipe(dataset) and _complete(dataset, folder / "tables"):
        return "cache"
    mirrored = mirror_tables(dataset, mirror)
    return "mirror" if mirrored is not None and _complete(dataset, mirrored) else "absent"


def dataset_folder(dataset: DatasetSpec, cache: Folder = None) -> Path:
    """The dataset's own folder in the cache: original/, tables/ and manifest.json."""
    return folders.cache_folder(cache) / dataset.name


def mirror_tables(dataset: DatasetSpec, mirror: Folder = None) -> Path | None:
    """The folder in the mirror that holds, or would hold, the tables; None without a mirror."""
    root = folders.mirror_folder(mirror)
    return root / dataset.mirror if root is not None and dataset.mirror is not None else None


def checkout_tables(dataset: DatasetSpec) -> Path:
    """The folder of an embedded dataset."""
    return folders.CHECKOUT / (dataset.embedded or "")


def expected_hashes(dataset: DatasetSpec, place: Place, cache: Folder = None) -> dict[str, str]:
    """File name -> sha256 for the tables at `place`; a file whose hash is unknown is absent."""
    if place == "cache":
        made = manifest.read(dataset_folder(dataset, cache))
        return dict(made.tables) if made else {}
    return {t.file: t.sha256 for t in dataset.tables.values() if t.sha256 is not None}


def check_hash(file: Path, expected: str | None, dataset: DatasetSpec, place: Place) -> None:
    """Raises IntegrityError where the file's sha256 is not the expected one."""
    if expected is None:
        return
    actual = digests(file).sha256
    if actual != expected:
        remedy = {
            "cache": f"run: python -m gairp.data fetch {dataset.name} --force",
            "mirror": "the mirror's file is damaged or of another version: replace it, or unset "
            f"{folders.MIRROR_VARIABLE} and run: python -m gairp.data fetch {dataset.name}",
        }.get(place, f"restore it, e.g. with: git checkout -- {dataset.embedded}")
        raise IntegrityError(f"{file}: sha256 is {actual}, registered is {expected}; {remedy}")


def _folder(dataset: DatasetSpec, place: Place, cache: Folder, mirror: Folder) -> Path:
    if place == "cache":
        return dataset_folder(dataset, cache) / "tables"
    if place == "checkout":
        return checkout_tables(dataset)
    mirrored = mirror_tables(dataset, mirror)
    assert mirrored is not None
    return mirrored


def _complete(dataset: DatasetSpec, folder: Path) -> bool:
    return all((folder / table.file).is_file() for table in dataset.tables.values())


def _absent(dataset: DatasetSpec, cache: Path, mirror: Folder) -> str:
    name, variable = dataset.name, folders.MIRROR_VARIABLE
    if dataset.embedded is not None:
        return (
            f"dataset {name!r} is part of a checkout and not in {checkout_tables(dataset)}; "
            "clone the repository and run from there"
        )
    root = folders.mirror_folder(mirror)
    looked = f"in the mirror {root}" if root else f"in a mirror ({variable} is not set)"
    remedies = [f"set {variable} to a folder that holds {dataset.mirror}/"]
    if dataset.convertible:
        remedies.insert(0, f"run: python -m gairp.data fetch {name}")
    return (
        f"dataset {name!r} is neither in the cache {cache} nor {looked}; {'; or '.join(remedies)}"
    )
