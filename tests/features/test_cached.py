"""What has been computed is not computed again, unless it is damaged."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from gairp.errors import ConfigError
from gairp.features import (
    CachedFeatures,
    ConcatFeatures,
    HashedNgrams,
    Matrix,
    Metadata,
    State,
    TfidfSvd,
)
from tests.features.corpus import sentences

TRAIN, OTHER = sentences(90), sentences(40, seed=9)


class Counting(TfidfSvd):
    """Counts how often it really works."""

    fits = transforms = 0

    def _fit(self, texts: Sequence[str], seed: int, categories: Sequence[str] | None) -> None:
        self.fits += 1
        super()._fit(texts, seed, categories)

    def _transform(self, texts: Sequence[str], categories: Sequence[str] | None) -> Matrix:
        self.transforms += 1
        return super()._transform(texts, categories)


def work(folder: Path, texts: Sequence[str] = OTHER, seed: int = 0) -> tuple[Counting, Matrix]:
    builder = Counting(dim=8)
    return builder, CachedFeatures(builder=builder, folder=folder).fit(TRAIN, seed=seed).transform(
        texts
    )


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_second_run_neither_fits_nor_transforms(tmp_path: Path) -> None:
    first, rows = work(tmp_path)
    assert (first.fits, first.transforms) == (1, 1)
    second, again = work(tmp_path)
    assert (second.fits, second.transforms) == (0, 0)
    assert np.array_equal(rows, again)
    assert np.array_equal(rows, TfidfSvd(dim=8).fit(TRAIN).transform(OTHER))
    assert second.fingerprint() == first.fingerprint()


def test_other_texts_another_order_or_another_seed_are_computed(tmp_path: Path) -> None:
    work(tmp_path)
    for texts, seed, fits in ((OTHER[::-1], 0, 0), (OTHER[:-1], 0, 0), (OTHER, 1, 1)):
        builder, rows = work(tmp_path, texts, seed)
        assert builder.fits == fits
        assert len(rows) == len(texts)
    assert work(tmp_path, OTHER[::-1])[0].transforms == 0


def test_lists_that_join_to_the_same_text_are_told_apart(tmp_path: Path) -> None:
    cached = CachedFeatures(builder=HashedNgrams(dim=16), folder=tmp_path)
    one, two = cached.transform(["ab", "c"]), cached.transform(["a", "bc"])
    assert not np.array_equal(one, two)


def test_categories_are_a_part_of_the_key(tmp_path: Path) -> None:
    cached = CachedFeatures(builder=Metadata(categories=["p", "q"]), folder=tmp_path)
    one = cached.transform(["a", "a"], categories=["p", "q"])
    two = cached.transform(["a", "a"], categories=["q", "p"])
    assert np.array_equal(one[::-1], two)


def test_matrices_are_read_only_computed_or_read(tmp_path: Path) -> None:
    for _ in range(2):
        rows = work(tmp_path)[1]
        assert type(rows) is np.ndarray
        with pytest.raises(ValueError, match="read-only"):
            rows[0, 0] = 1.0


def cut(content: bytes) -> bytes:
    return content[:-40]


def flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def empty(content: bytes) -> bytes:
    return b""


def foreign(content: bytes) -> bytes:
    return b"something else altogether, longer than a hash"


@pytest.mark.parametrize("damage", [cut, flip, empty, foreign])
def test_a_damaged_file_is_computed_again(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    _, rows = work(tmp_path)
    whole = {path: path.read_bytes() for path in files(tmp_path)}
    assert {path.suffix for path in whole} == {".npy", ".npz"}
    for path, content in whole.items():
        path.write_bytes(damage(content))
    builder, again = work(tmp_path)
    assert (builder.fits, builder.transforms) == (1, 1)
    assert np.array_equal(rows, again)
    assert {path: path.read_bytes() for path in files(tmp_path)} == whole


def test_two_builders_with_other_parameters_never_share(tmp_path: Path) -> None:
    variants = [
        TfidfSvd(dim=8),
        TfidfSvd(dim=8, ngram_max=2),
        TfidfSvd(dim=8, min_df=3),
        TfidfSvd(dim=8, normalise=False),
        TfidfSvd(dim=8, iterations=4),
        HashedNgrams(dim=8),
        HashedNgrams(dim=8, sublinear=False),
        HashedNgrams(dim=8, ngram_max=1),
        ConcatFeatures(builders=[HashedNgrams(dim=8)]),
        ConcatFeatures(builders=[HashedNgrams(dim=7)], bias=True),
    ]
    for builder in variants:
        CachedFeatures(builder=builder, folder=tmp_path).fit(TRAIN).transform(OTHER)
    assert len({path.parent for path in tmp_path.rglob("*.npy")}) == len(variants)


def test_a_single_text_does_not_touch_the_disk(tmp_path: Path) -> None:
    cached = CachedFeatures(builder=HashedNgrams(dim=8), folder=tmp_path)
    assert cached.transform(["one"]).shape == (1, 8)
    assert files(tmp_path) == []


def test_a_fit_under_the_right_name_that_does_not_fit_is_replaced(tmp_path: Path) -> None:
    class Forgetful(Counting):
        def _restore(self, state: State) -> None:
            raise ValueError("of another kind")

    work(tmp_path)
    builder = Forgetful(dim=8)
    CachedFeatures(builder=builder, folder=tmp_path).fit(TRAIN)
    assert builder.fits == 1


def test_a_cached_builder_is_a_builder(tmp_path: Path) -> None:
    inner = CachedFeatures(builder=TfidfSvd(dim=4), folder=tmp_path)
    outer = ConcatFeatures(builders=[inner, Metadata()], standardise=True).fit(TRAIN)
    plain = ConcatFeatures(builders=[TfidfSvd(dim=4), Metadata()], standardise=True).fit(TRAIN)
    assert np.array_equal(outer.transform(OTHER), plain.transform(OTHER))
    assert outer.fingerprint() == plain.fingerprint()
    assert (inner.name, inner.dim) == ("tfidf_svd", 4)
    restored = CachedFeatures(builder=TfidfSvd(dim=4), folder=tmp_path).restore(inner.state())
    assert restored.fingerprint() == inner.fingerprint()
    assert restored.recipe() == inner.recipe()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(ConfigError, match="taken"):
        CachedFeatures(builder=HashedNgrams(), folder=tmp_path / "taken").transform(OTHER)


def shared_work(folder: Path | None) -> Matrix:
    builder = ConcatFeatures(builders=[HashedNgrams(dim=32), Metadata()], standardise=True)
    if folder is None:
        return builder.fit(TRAIN).transform(OTHER)
    return CachedFeatures(builder=builder, folder=folder).fit(TRAIN).transform(OTHER)


def repeat(folder: Path, times: int) -> None:
    want = shared_work(None)
    for _ in range(times):
        for path in files(folder):
            if not path.name.startswith("."):  # those are being written
                path.unlink(missing_ok=True)
        assert np.array_equal(shared_work(folder), want)


def test_two_processes_share_a_folder(tmp_path: Path) -> None:
    """Both delete and rewrite the same files; each must read whole ones, and none is left over."""
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=repeat, args=(tmp_path, 40)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert not [path for path in files(tmp_path) if path.name.startswith(".")]
