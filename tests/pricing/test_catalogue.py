"""Which price is in force, and what is said where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import pytest

from gairp.errors import ConfigError, PriceError
from gairp.pricing import Price, PriceCatalogue


class Listed:
    """A source made of a dict."""

    def __init__(self, name: str, prices: dict[str, list[Price]], notes: dict[str, str]) -> None:
        self.name, self._prices, self._notes = name, prices, notes

    def entries(self, model: str) -> Sequence[Price]:
        return self._prices.get(model, ())

    def names(self) -> list[str]:
        return list(self._prices)

    def note(self, model: str) -> str | None:
        return self._notes.get(model)


def price(model: str, usd: float, day: str | None, source: str = "first") -> Price:
    return Price(
        model=model,
        input_usd_per_mtok=usd,
        output_usd_per_mtok=2 * usd,
        source=source,
        valid_from=None if day is None else date.fromisoformat(day),
    )


FIRST = Listed(
    "first",
    {"small": [price("small", 1.0, "2024-01-01"), price("small", 0.5, "2024-06-01")]},
    {"gratis": "'gratis' stands at $0"},
)
SECOND = Listed(
    "second",
    {
        "small": [price("small", 9.0, None, "second")],
        "host/large": [price("host/large", 4.0, None, "second"), price("x", 3.0, "2024-03-01")],
    },
    {},
)


def catalogue(**options: object) -> PriceCatalogue:
    return PriceCatalogue(sources=[FIRST, SECOND], **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("day", "usd"),
    [("2024-01-01", 1.0), ("2024-05-31", 1.0), ("2024-06-01", 0.5), ("2030-01-01", 0.5)],
)
def test_the_latest_entry_not_after_the_day_is_in_force(day: str, usd: float) -> None:
    assert catalogue().price("small", as_of=day).input_usd_per_mtok == usd


def test_an_undated_first_entry_holds_until_the_next() -> None:
    prices = catalogue()
    assert prices.price("host/large", as_of="1999-01-01").input_usd_per_mtok == 4.0
    assert prices.price("host/large", as_of="2024-03-01").input_usd_per_mtok == 3.0


def test_a_day_before_the_first_entry_is_an_error_and_no_other_source_is_asked() -> None:
    with pytest.raises(PriceError, match=r"'small' on 2023-12-31: the first one known, in first"):
        catalogue().price("small", as_of="2023-12-31")


def test_nearest_takes_the_first_entry_and_says_so() -> None:
    found = catalogue(before_first="nearest").price("small", as_of="2023-12-31")
    assert found.input_usd_per_mtok == 1.0
    assert found.valid_from == date(2024, 1, 1)
    assert found.source == "first (nearest: first known, asked for 2023-12-31)"


def test_an_unknown_model_names_day_sources_near_matches_and_the_remedy() -> None:
    with pytest.raises(PriceError) as caught:
        catalogue().price("large", as_of=date(2024, 7, 1))
    message = str(caught.value)
    assert "no price for 'large' on 2024-07-01; looked into: first, second." in message
    assert "Near matches: host/large." in message
    assert '"large":\n    - {from: 2024-07-01, input:' in message
    assert "prices.user_files" in message


def test_a_source_may_say_why_it_gives_no_price() -> None:
    with pytest.raises(PriceError, match=r"'gratis' stands at \$0\. Nothing similar"):
        catalogue().price("gratis", as_of="2024-07-01")


def test_an_alias_is_priced_as_its_target_and_named_in_the_error() -> None:
    aliases = {"tuned": "small", "lost": "nowhere"}
    prices = catalogue(aliases=aliases, as_of="2024-02-01")
    assert prices.price("tuned").input_usd_per_mtok == 1.0
    with pytest.raises(PriceError, match=r"'lost' \(an alias of 'nowhere'\)"):
        prices.price("lost")


def test_no_day_is_an_error_rather_than_today() -> None:
    with pytest.raises(ConfigError, match=r"prices\.as_of"):
        catalogue().price("small")


def test_a_datetime_counts_as_its_day() -> None:
    when = datetime(2024, 6, 1, 0, 0, 1)
    assert catalogue().price("small", as_of=when).input_usd_per_mtok == 0.5


@pytest.mark.parametrize("day", ["2024-13-01", "yesterday", ""])
def test_a_day_that_is_none_is_refused(day: str) -> None:
    with pytest.raises(ConfigError, match="YYYY-MM-DD"):
        catalogue(as_of=day)


def test_an_unknown_rule_for_early_days_is_refused() -> None:
    with pytest.raises(ConfigError, match="'error' or 'nearest'"):
        catalogue(before_first="guess")


@pytest.mark.parametrize("usd", [-1.0, float("nan"), float("inf")])
def test_a_price_is_a_finite_number_of_dollars(usd: float) -> None:
    with pytest.raises(ConfigError, match="input_usd_per_mtok"):
        price("odd", usd, None)


def test_the_sheet_digest_changes_with_a_price_or_the_day_and_with_nothing_else() -> None:
    prices = catalogue()
    sheet = prices.sheet(["small", "host/large"], as_of="2024-02-01")
    assert [row["model"] for row in sheet.rows()] == ["host/large", "small"]
    assert sheet.summary() == {"price_as_of": "2024-02-01", "price_digest": sheet.digest}
    same = prices.sheet(["host/large", "small"], as_of=date(2024, 2, 1))
    assert same.digest == sheet.digest
    assert prices.sheet(["small", "host/large"], as_of="2024-02-02").digest != sheet.digest
    assert prices.sheet(["small"], as_of="2024-02-01").digest != sheet.digest


def test_a_sheet_refuses_when_one_model_lacks_a_price() -> None:
    with pytest.raises(PriceError, match="'other'"):
        catalogue().sheet(["small", "other"], as_of="2024-02-01")
