"""Texts that builders must cope with, and builders to try on them."""

from __future__ import annotations

import random
from collections.abc import Callable

from gairp.features import (
    ConcatFeatures,
    FeatureBuilder,
    HashedNgrams,
    Metadata,
    PcaFeatures,
    TfidfSvd,
)

ODD = [
    "",
    " ",
    "\n\n\n",
    "7",
    "?",
    "Ünïcödé ñandú — ½ ☃",
    "日本語のテキスト。質問ですか？",
    "Привет, как дела?",
    "🎉🎉🎉",
    "e\u0301",
    "\x00\x01 control",
    "\ud800 a lone surrogate",
    "word " * 3_000,
    "x" * 20_000,
]


def sentences(n: int, seed: int = 0) -> list[str]:
    """`n` texts of words drawn from three topics, with numbers and marks between them."""
    rng = random.Random(seed)
    topics = [
        ["sum", "product", "divide", "equation", "integral", "number", "prime", "root", "angle"],
        ["king", "war", "treaty", "empire", "century", "republic", "senate", "crown", "battle"],
        ["def", "return", "loop", "array", "string", "print", "class", "import", "pointer"],
    ]
    glue = ["the", "of", "and", "is", "to", "a", "7", "12", "?", "=", "\n"]
    return [
        " ".join(rng.choices(topics[i % 3], k=rng.randint(4, 25)) + rng.choices(glue, k=8))
        for i in range(n)
    ]


BUILDERS: dict[str, Callable[[], FeatureBuilder]] = {
    "hashed": lambda: HashedNgrams(dim=32),
    "hashed_words": lambda: HashedNgrams(dim=33, ngram_max=1, sublinear=False),
    "hashed_chars": lambda: HashedNgrams(dim=64, analyzer="char", ngram_max=4),
    "tfidf_svd": lambda: TfidfSvd(dim=8),
    "tfidf_svd_chars": lambda: TfidfSvd(dim=8, analyzer="char_wb", ngram_max=3),
    "metadata": lambda: Metadata(),
    "pca": lambda: PcaFeatures(builder=HashedNgrams(dim=64), dim=5, whiten=True),
    "concat": lambda: ConcatFeatures(
        builders=[TfidfSvd(dim=6, ngram_max=2), Metadata()], bias=True, standardise=True
    ),
}
