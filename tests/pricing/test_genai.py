"""The package genai-prices as a source."""

from __future__ import annotations

import pytest

from gairp.errors import PriceError
from gairp.pricing import load_catalogue


def test_a_model_whose_price_changed_has_a_dated_history() -> None:
    prices = load_catalogue()
    early, late = (prices.price("openai/o3", as_of=day) for day in ("2025-06-09", "2025-06-10"))
    assert (early.input_usd_per_mtok, early.output_usd_per_mtok, early.valid_from) == (10, 40, None)
    assert (late.input_usd_per_mtok, late.output_usd_per_mtok) == (2, 8)
    assert str(late.valid_from) == "2025-06-10"


def test_a_bare_and_a_qualified_name_give_one_price_and_its_source() -> None:
    prices = load_catalogue(as_of="2026-01-01")
    bare = prices.price("gpt-4-1106-preview")
    assert (bare.input_usd_per_mtok, bare.output_usd_per_mtok) == (10.0, 30.0)
    assert bare.source.startswith("genai-prices ")
    assert prices.price("openai/gpt-4-1106-preview") == bare


def test_a_price_by_the_hour_is_taken_at_noon() -> None:
    found = load_catalogue(as_of="2026-01-01").price("deepseek/deepseek-chat")
    assert (found.input_usd_per_mtok, found.output_usd_per_mtok) == (0.27, 1.1)


def test_what_it_does_not_know_is_an_error_with_names_that_exist() -> None:
    with pytest.raises(PriceError, match=r"openai/gpt-4o-mini"):
        load_catalogue(as_of="2026-01-01").price("gpt-4o-mini-of-mine")
