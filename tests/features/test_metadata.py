"""What a prompt looks like."""

from __future__ import annotations

from math import log1p

import numpy as np
import pytest

from gairp.errors import ConfigError, FeatureError
from gairp.features import Metadata
from gairp.features.metadata import COLUMNS
from tests.features.corpus import ODD, sentences


def described(text: str) -> dict[str, float]:
    return dict(zip(COLUMNS, Metadata().transform_one(text).tolist(), strict=True))


def test_a_question_with_options() -> None:
    text = "What is 3+4?\nOptions:\nA. 6\nB. 7\n(C) 8"
    got = described(text)
    assert got["log_chars"] == pytest.approx(log1p(len(text)) / 10)
    assert got["log_words"] == pytest.approx(log1p(6) / 10)
    assert got["word_length"] == pytest.approx((4 + 2 + 7 + 3) / 60)
    assert got["digits"] == pytest.approx(5 / len(text))
    assert got["uppercase"] == pytest.approx(5 / len(text))
    assert got["punctuation"] == pytest.approx(6 / len(text))
    assert got["math"] == pytest.approx(1 / len(text))
    assert got["english"] == pytest.approx(3 / 6)  # what, is, and the option A
    assert got["options"] == pytest.approx(0.3)
    assert got["log_lines"] == pytest.approx(log1p(4) / 10)
    assert (got["question"], got["ascii"], got["cjk"], got["code_marks"]) == (1, 1, 0, 0)


def test_scripts() -> None:
    assert described("Привет")["cyrillic"] == 1.0
    assert described("日本語カナ한국")["cjk"] == 1.0
    assert described("é½☃")["other_letters"] == 1.0
    mixed = described("ab日П")
    assert (mixed["ascii"], mixed["cjk"], mixed["cyrillic"]) == (0.5, 0.25, 0.25)
    assert described("質問ですか？")["question"] == 1.0


def test_code_has_marks_and_prose_has_none() -> None:
    code = "def f(x):\n    return x[0] == 3;\n"
    assert described(code)["code_marks"] > 0.5
    assert described("He walked to the river and sat down.")["code_marks"] == 0.0


def test_all_columns_stay_between_zero_and_one() -> None:
    rows = Metadata().transform(ODD + sentences(50))
    assert rows.min() >= 0.0
    assert rows.max() <= 1.0
    assert rows[0].tolist() == [0.0] * len(COLUMNS)


def test_named_categories_have_a_column_each_and_others_none() -> None:
    builder = Metadata(categories=["math", "law"])
    rows = builder.transform(["a", "a", "a"], categories=["law", "math", "cooking"])
    assert builder.dim == len(COLUMNS) + 2
    assert rows[:, -2:].tolist() == [[0, 1], [1, 0], [0, 0]]
    assert np.array_equal(builder.transform_one("a", category="law"), rows[0])


def test_configured_categories_must_come_with_the_texts() -> None:
    with pytest.raises(FeatureError, match="came without categories"):
        Metadata(categories=["math"]).transform(["a"])
    with pytest.raises(ConfigError, match="occurs twice"):
        Metadata(categories=["math", "math"])
