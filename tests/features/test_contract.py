"""What every builder must do."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import numpy as np
import pytest

from gairp.errors import FeatureError, NotFittedError, StateError
from gairp.features import FeatureBuilder
from tests.features.corpus import BUILDERS, ODD, sentences

TRAIN = sentences(120)
OTHER = sentences(120, seed=1)

every_builder = pytest.mark.parametrize("make", BUILDERS.values(), ids=BUILDERS)


@every_builder
def test_two_fits_give_equal_bits_and_equal_fingerprints(
    make: Callable[[], FeatureBuilder],
) -> None:
    one, two = make().fit(TRAIN, seed=3), make().fit(TRAIN, seed=3)
    assert np.array_equal(one.transform(OTHER), two.transform(OTHER))
    assert one.fingerprint() == two.fingerprint()


@every_builder
def test_a_single_text_gets_the_row_it_has_in_a_batch(make: Callable[[], FeatureBuilder]) -> None:
    builder = make().fit(TRAIN)
    batch = builder.transform(OTHER)
    assert batch.shape == (len(OTHER), builder.dim)
    assert batch.dtype == np.float64
    for row, text in enumerate(OTHER):
        assert np.array_equal(builder.transform([text])[0], batch[row])


@every_builder
def test_odd_texts_have_finite_rows(make: Callable[[], FeatureBuilder]) -> None:
    builder = make().fit(TRAIN)
    assert np.isfinite(builder.transform(ODD)).all()
    assert np.isfinite(make().fit(TRAIN + ODD).transform(ODD)).all()
    assert builder.transform([]).shape == (0, builder.dim)


@every_builder
def test_different_texts_have_different_rows(make: Callable[[], FeatureBuilder]) -> None:
    rows = make().fit(TRAIN).transform(OTHER)
    assert len(np.unique(rows.round(9), axis=0)) == len(set(OTHER))


@every_builder
def test_transform_changes_nothing(make: Callable[[], FeatureBuilder]) -> None:
    builder = make().fit(TRAIN)
    before, rows = builder.fingerprint(), builder.transform(TRAIN)
    builder.transform(OTHER)
    assert builder.fingerprint() == before
    assert np.array_equal(builder.transform(TRAIN), rows)


@every_builder
def test_a_restored_builder_goes_on_identically(make: Callable[[], FeatureBuilder]) -> None:
    fitted = make().fit(TRAIN)
    restored = make().restore(fitted.state())
    assert restored.fingerprint() == fitted.fingerprint()
    assert np.array_equal(restored.transform(OTHER + ODD), fitted.transform(OTHER + ODD))
    again = restored.fit(OTHER)
    assert np.array_equal(again.transform(TRAIN), make().fit(OTHER).transform(TRAIN))


@every_builder
def test_a_pickled_builder_goes_on_identically(make: Callable[[], FeatureBuilder]) -> None:
    fitted = make().fit(TRAIN)
    copy: FeatureBuilder = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(copy.transform(OTHER), fitted.transform(OTHER))
    assert copy.fingerprint() == fitted.fingerprint()


@every_builder
def test_one_text_in_place_of_a_list_is_refused(make: Callable[[], FeatureBuilder]) -> None:
    builder = make().fit(TRAIN)
    with pytest.raises(FeatureError, match="put it into a list"):
        builder.transform("one text")
    with pytest.raises(FeatureError, match=r"text 1 is None"):
        builder.transform(["a", None])  # type: ignore[list-item]
    with pytest.raises(FeatureError, match="2 categories for 1 texts"):
        builder.transform(["a"], categories=["b", "c"])


@pytest.mark.parametrize("name", ["tfidf_svd", "pca", "concat"])
def test_builders_that_learn_say_so_before_the_fit(name: str) -> None:
    builder = BUILDERS[name]()
    for use in (lambda: builder.transform(["a"]), builder.fingerprint, lambda: builder.dim):
        with pytest.raises(NotFittedError, match="fit on the train texts"):
            use()
    with pytest.raises(FeatureError, match="no texts"):
        builder.fit([])


@pytest.mark.parametrize("name", ["tfidf_svd", "pca", "concat", "hashed"])
def test_a_state_of_another_builder_is_refused(name: str) -> None:
    with pytest.raises(StateError, match="fit the builder again"):
        BUILDERS[name]().restore({"strange": np.zeros(3)})


@pytest.mark.parametrize("name", ["tfidf_svd", "pca", "concat"])
def test_what_is_learned_depends_on_the_train_texts_only(name: str) -> None:
    fitted = BUILDERS[name]().fit(TRAIN)
    assert fitted.fingerprint() != BUILDERS[name]().fit(OTHER).fingerprint()
    assert fitted.recipe() == BUILDERS[name]().recipe()


def test_all_fingerprints_and_recipes_differ() -> None:
    fitted = [make().fit(TRAIN) for make in BUILDERS.values()]
    assert len({builder.fingerprint() for builder in fitted}) == len(BUILDERS)
    assert len({builder.recipe() for builder in fitted}) == len(BUILDERS)
