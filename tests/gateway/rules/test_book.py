"""Rules: what they say, in which order, and where a mistake in them stands."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from gairp.errors import ConfigError
from gairp.gateway.errors import ApiError
from gairp.gateway.exchange.target import Catalogue
from gairp.gateway.rules.book import RuleBook
from gairp.rules import given
from gairp.types import Arm

CATALOGUE = Catalogue(
    arms={name: Arm(name=name, model=f"m-{name}") for name in ("small", "large")},
    policies=["auto", "new"],
    aliases={"gpt-4o": "large"},
)
BOOK = """
rules:
  - name: slow-down
    when: tokens > 1000
    deadline_s: 5
    shadow: {to: gairp/new, share: 0.5}
  - name: no-nights
    when: hour < 6 && tenant == "acme"
    refuse: {message: come back later, status: 403}
  - name: vip
    when: tags.plan == "gold" || headers["x-vip"] == "1"
    to: large
    fallbacks: [small, gairp/auto]
  - name: canary
    when: model == "gairp/auto"
    split:
      by: session
      branches:
        old: {to: gairp/auto, weight: 3}
        new: {to: gairp/new, weight: 1}
"""


def book(text: str = BOOK) -> RuleBook:
    return RuleBook(text, CATALOGUE, "rules.yaml")


def at(**facts: Any) -> Any:
    return book().target(given({"hour": 12, **facts}), "r1")


def test_the_first_rule_that_decides_does() -> None:
    target = at(tags={"plan": "gold"})
    assert (target.rule, target.arms) == ("vip", ("large",))
    assert [t.learner for t in target.fallbacks] == ["direct", "auto"]
    assert at(headers={"x-vip": "1"}).rule == "vip"


def test_rules_without_a_target_add_what_they_say() -> None:
    target = at(tokens=2000, tags={"plan": "gold"})
    assert (target.rule, target.deadline_s) == ("vip", 5)
    assert target.shadows[0].target.learner == "new"
    plain = at(tokens=2000, model="small")
    assert (plain.rule, plain.deadline_s, plain.arms) == ("", 5, ("small",))


def test_without_a_rule_the_client_is_heeded() -> None:
    assert at(model="gpt-4o").arms == ("large",)
    with pytest.raises(ApiError) as caught:
        at(model="nothing")
    assert caught.value.status == 404


def test_a_rule_can_refuse() -> None:
    with pytest.raises(ApiError, match="come back later") as caught:
        at(tenant="acme", hour=3)
    assert caught.value.status == 403


def test_a_missing_tag_is_no_match() -> None:
    assert at(model="small", tags={}).rule == ""


def test_units_keep_their_branch_and_shares_are_kept() -> None:
    rules = book()
    drawn = {}
    for i in range(2000):
        facts = given({"session": f"s{i}", "hour": 12})
        target = rules.target(facts, f"r{i}")
        assert rules.target(facts, f"again{i}").split == target.split
        drawn[i] = target.split.chosen if target.split else ""
    shares = Counter(drawn.values())
    assert shares["new"] == pytest.approx(500, abs=70)
    other = book(BOOK.replace("by: session", "by: session\n      salt: x"))
    moved = sum(
        (t := other.target(given({"session": f"s{i}", "hour": 12}), "r")).split is not None
        and t.split.chosen != drawn[i]
        for i in range(300)
    )
    assert 60 < moved < 160  # another salt draws anew


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("tokens > 1000", "tokens >", "rules.yaml:4:19: rule 'slow-down': when Syntax error"),
        ("tokens > 1000", "tokns > 1", "rules.yaml:4:11: rule 'slow-down': when undeclared"),
        ("tokens > 1000", "tokens + 1", "rules.yaml:4:11: .*is int and not true or false"),
        ("to: large", "to: huge", "rules.yaml:12:9: rule 'vip': 'huge' is unknown; there are:"),
        ("deadline_s: 5", "deadline_s: x", "rules.yaml:5:17: Expected `float"),
        ("deadline_s: 5", "hedge_s: 0", "rules.yaml:5:14: .*must be above 0 seconds"),
        ("deadline_s: 5", "deadlin_s: 5", "rules.yaml:3:5: .*unknown field `deadlin_s`"),
        ("weight: 3", "weight: -3", "rules.yaml:17:7: .*weights must be 0 or more"),
        ("name: vip", "name: canary", "rules.yaml:14:11: .*two rules are named 'canary'"),
        ("by: session", "by: moon", "rules.yaml:17:11: Invalid enum value 'moon'"),
        ("- name: vip", "- name: [vip", "rules.yaml:11:9"),
        ("deadline_s: 5", "to: small\n    to: large", "rules.yaml:3:5: the key 'to' occurs twice"),
    ],
)
def test_mistakes_are_named_with_line_and_column(old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{message}"):
        book(BOOK.replace(old, new, 1))
