"""The ceiling holds, to the picodollar, whatever the calls and the process do."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Literal, NamedTuple, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gairp.errors import ConfigError
from gairp.pricing import Price, call_cost
from gairp.routing.spend import Charge, Overrun, SpendCeiling


def money(ceiling: SpendCeiling) -> tuple[float, float, float, float]:
    return ceiling.spent_usd, ceiling.kept_usd, ceiling.reserved_usd, ceiling.left_usd


def tokens(ceiling: SpendCeiling) -> tuple[int, int, int, float]:
    return (
        ceiling.spent_tokens,
        ceiling.kept_tokens,
        ceiling.reserved_tokens,
        ceiling.left_tokens,
    )


def test_what_is_reserved_is_settled_and_the_rest_comes_back() -> None:
    ceiling = SpendCeiling(usd=1.0, tokens=1000)
    assert ceiling.reserve("a", 0.6, 500)
    assert (money(ceiling), tokens(ceiling)) == ((0.0, 0.0, 0.6, 0.4), (0, 0, 500, 500))
    assert not ceiling.reserve("b", 0.5, 100)
    assert not ceiling.reserve("c", 0.1, 501)
    assert ceiling.settle("a", 0.25, 200)
    assert (money(ceiling), tokens(ceiling)) == ((0.25, 0.0, 0.0, 0.75), (200, 0, 0, 800))
    assert ceiling.reserve("d", 0.75, 800)  # to the last cent
    assert not ceiling.reserve("e", 1e-12, 0)
    assert ceiling.refused == 3


def test_tenths_add_up_to_one_without_drift() -> None:
    ceiling = SpendCeiling(usd=1.0)
    for i in range(10):
        assert ceiling.reserve(str(i), 0.1, 0)
        assert ceiling.settle(str(i), 0.1, 0)
    assert money(ceiling) == (1.0, 0.0, 0.0, 0.0)


def test_a_part_of_a_picodollar_is_rounded_up_and_the_ceiling_down() -> None:
    ceiling = SpendCeiling(usd=2.9e-12)
    assert ceiling.reserve("a", 1.1e-12, 0)
    assert ceiling.reserved_usd == 2e-12
    assert not ceiling.reserve("b", 0.1e-12, 0)


def test_released_costs_nothing() -> None:
    ceiling = SpendCeiling(usd=1.0, tokens=10)
    assert ceiling.reserve("a", 1.0, 10)
    ceiling.release("a")
    assert (money(ceiling), tokens(ceiling)) == ((0.0, 0.0, 0.0, 1.0), (0, 0, 0, 10))


def test_kept_counts_as_spent_until_it_is_reconciled() -> None:
    ceiling = SpendCeiling(usd=1.0, tokens=100)
    assert ceiling.reserve("a", 0.75, 80)
    ceiling.keep("a")
    assert (money(ceiling), tokens(ceiling)) == ((0.0, 0.75, 0.0, 0.25), (0, 80, 0, 20))
    assert not ceiling.reserve("b", 0.5, 10)
    assert ceiling.reconcile("a", 0.25, 30)
    assert (money(ceiling), tokens(ceiling)) == ((0.25, 0.0, 0.0, 0.75), (30, 0, 0, 70))


def test_each_call_is_opened_once_and_closed_once() -> None:
    ceiling = SpendCeiling(usd=1.0)
    assert ceiling.reserve("a", 0.5, 0)
    assert not ceiling.reserve("a", 0.1, 0)
    assert ceiling.settle("a", 0.25, 0)
    assert ceiling.settle("a", 0.5, 0)
    assert not ceiling.reserve("a", 0.1, 0)
    ceiling.release("a")
    ceiling.keep("a")
    ceiling.keep("never")
    ceiling.release("never")
    assert ceiling.reserve("k", 0.25, 0)
    ceiling.keep("k")
    ceiling.keep("k")
    assert money(ceiling) == (0.25, 0.25, 0.0, 0.5)
    assert (ceiling.duplicates, ceiling.refused, ceiling.overruns) == (8, 0, {})


def test_an_overrun_is_billed_told_and_counted_against_the_arm() -> None:
    ceiling = SpendCeiling(usd=1.0, tokens=100)
    for call_id in ("a", "b", "c"):
        assert ceiling.reserve(call_id, 0.25, 20, arm="chatty" if call_id != "c" else "fine")
    assert not ceiling.settle("a", 0.5, 20)
    assert not ceiling.settle("b", 0.125, 60)
    assert ceiling.settle("c", 0.25, 20)
    assert ceiling.overruns == {"chatty": Overrun(calls=2, usd=0.25, tokens=40)}
    assert (money(ceiling), tokens(ceiling)) == ((0.875, 0.0, 0.0, 0.125), (100, 0, 0, 0))


def test_beyond_the_ceiling_after_an_overrun_nothing_is_let_through() -> None:
    ceiling = SpendCeiling(usd=1.0)
    assert ceiling.reserve("a", 0.5, 0)
    assert not ceiling.settle("a", 1.5, 0)
    assert ceiling.left_usd == -0.5
    assert not ceiling.reserve("b", 0.0, 0)


def test_a_bill_without_a_reservation_is_spent_as_an_overrun_of_no_arm() -> None:
    ceiling = SpendCeiling(usd=1.0)
    assert not ceiling.settle("ghost", 0.5, 7)
    assert (ceiling.spent_usd, ceiling.overruns) == (0.5, {"": Overrun(calls=1, usd=0.5, tokens=7)})


@pytest.mark.parametrize("unknown", [math.nan, math.inf, -0.01])
def test_an_unknown_amount_is_never_free_under_a_ceiling(unknown: float) -> None:
    ceiling = SpendCeiling(usd=1.0, tokens=100)
    assert not ceiling.reserve("a", unknown, 10)
    assert not ceiling.reserve("b", 0.5, unknown)
    assert ceiling.reserve("c", 0.5, 10)
    assert ceiling.settle("c", unknown, unknown)
    assert (ceiling.spent_usd, ceiling.spent_tokens, ceiling.unmeasured) == (0.5, 10, 2)


def test_what_has_no_ceiling_may_be_unknown_and_overruns_nothing() -> None:
    ceiling = SpendCeiling(tokens=100)
    assert ceiling.reserve("a", math.nan, 50)
    assert ceiling.settle("a", 0.25, 40)
    assert (ceiling.spent_usd, ceiling.left_usd, ceiling.left_tokens) == (0.25, math.inf, 60)
    assert (ceiling.unmeasured, ceiling.overruns) == (1, {})


def test_without_a_ceiling_nothing_is_refused_and_all_is_counted() -> None:
    ceiling = SpendCeiling()
    assert ceiling.reserve("a", 1e9, 10**12)
    assert ceiling.settle("a", 1e9, 10**12)
    assert (ceiling.spent_usd, ceiling.left_usd, ceiling.left_tokens) == (1e9, math.inf, math.inf)


def test_a_log_is_taken_up_with_its_open_calls_kept_once() -> None:
    intents = [
        Charge(call_id="done", usd=0.5, tokens=50, arm="a"),
        Charge(call_id="open", usd=0.125, tokens=10, arm="a"),
        Charge(call_id="over", usd=0.125, tokens=10, arm="b"),
    ]
    settlements = [
        Charge(call_id="over", usd=0.25, tokens=20),
        Charge(call_id="done", usd=0.25, tokens=40),
    ]
    ceiling = SpendCeiling(usd=1.0, tokens=100)
    for times in range(3):
        ceiling.restore(intents, settlements)
        assert money(ceiling) == (0.5, 0.125, 0.0, 0.375)
        assert tokens(ceiling) == (60, 10, 0, 30)
        assert ceiling.overruns == {"b": Overrun(calls=1, usd=0.125, tokens=10)}
        assert ceiling.duplicates == 5 * times
    assert not ceiling.reserve("open", 0.1, 1)
    ceiling.restore([], [Charge(call_id="open", usd=0.0, tokens=0)])
    assert money(ceiling) == (0.5, 0.0, 0.0, 0.5)


@pytest.mark.parametrize("usd", [-1.0, math.nan, math.inf])
def test_a_ceiling_is_a_finite_amount(usd: float) -> None:
    with pytest.raises(ConfigError, match=r"ceiling\.usd"):
        SpendCeiling(usd=usd)


# -- a world of 64 calls at once, a provider that bills, and a process that dies ---------------

Ending = Literal["answered", "refused", "broken", "cancelled", "billed late"]


class Script(NamedTuple):
    """What one call asks for, what the provider makes of it, and how it ends."""

    bound: int  #: upper bound of the prompt's tokens
    max_tokens: int
    prompt: int  #: tokens that the provider really counts, at most the bound
    answer: int
    ending: Ending


PRICE = Price(
    model="m", input_usd_per_mtok=0.15, output_usd_per_mtok=0.7, source="test", valid_from=None
)
_PER_TOKEN = (Fraction("0.15") / 10**6, Fraction("0.7") / 10**6)


class World:
    """Calls in flight against one ceiling; the provider's own books are exact fractions."""

    def __init__(self, usd: float, tokens: int) -> None:
        self.usd, self.tokens = usd, tokens
        self.ceiling = SpendCeiling(usd=usd, tokens=tokens)
        self.intents, self.settlements = list[Charge](), list[Charge]()
        self.billed_usd, self.billed_tokens, self.billed = Fraction(0), 0, set[str]()

    def call(self, call_id: str, script: Script) -> Iterator[None]:
        """One call; it can be interleaved with others, or die, wherever it yields."""
        bound = call_cost(PRICE, script.bound, script.max_tokens)
        if not self.ceiling.reserve(call_id, bound, script.bound + script.max_tokens, arm="m"):
            return
        self.intents.append(
            Charge(call_id=call_id, usd=bound, tokens=script.bound + script.max_tokens, arm="m")
        )
        yield
        if script.ending == "refused":
            self.end(call_id, 0.0, 0)
            return
        if script.ending != "billed late":
            self.bill(call_id, script)
        yield
        cost = call_cost(PRICE, script.prompt, script.answer)
        if script.ending == "answered":
            self.end(call_id, cost, script.prompt + script.answer)
            return
        self.ceiling.keep(call_id)
        yield
        if script.ending == "billed late":
            self.bill(call_id, script)
        if script.ending != "cancelled":
            assert self.ceiling.reconcile(call_id, cost, script.prompt + script.answer)
            self.settlements.append(
                Charge(call_id=call_id, usd=cost, tokens=script.prompt + script.answer)
            )

    def end(self, call_id: str, usd: float, count: int) -> None:
        self.settlements.append(Charge(call_id=call_id, usd=usd, tokens=count))
        if count:
            assert self.ceiling.settle(call_id, usd, count)
        else:
            self.ceiling.release(call_id)

    def bill(self, call_id: str, script: Script) -> None:
        """The provider does, once, whether anybody hears of it or not."""
        if script.ending == "refused" or call_id in self.billed:
            return
        self.billed.add(call_id)
        self.billed_usd += script.prompt * _PER_TOKEN[0] + script.answer * _PER_TOKEN[1]
        self.billed_tokens += script.prompt + script.answer

    def crash(self) -> None:
        """Memory is gone; the log is read again."""
        self.ceiling = SpendCeiling(usd=self.usd, tokens=self.tokens)
        self.ceiling.restore(self.intents, self.settlements)
        assert (self.ceiling.reserved_usd, self.ceiling.duplicates) == (0.0, 0)

    def check(self) -> None:
        ceiling = self.ceiling
        assert self.billed_usd <= Fraction(str(self.usd))
        assert self.billed_tokens <= self.tokens
        held = ceiling.spent_tokens + ceiling.kept_tokens + ceiling.reserved_tokens
        assert held + ceiling.left_tokens == self.tokens
        assert ceiling.left_tokens >= 0
        assert ceiling.left_usd >= 0
        total = ceiling.spent_usd + ceiling.kept_usd + ceiling.reserved_usd
        assert total + ceiling.left_usd == pytest.approx(self.usd, abs=1e-12)
        assert ceiling.overruns == {}


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    bound, most = draw(st.integers(0, 5000)), draw(st.integers(1, 4000))
    ending: Ending = draw(st.sampled_from(get_args(Ending)))
    if draw(st.booleans()):  # the worst a provider may do: it counts all that was reserved
        return Script(bound, most, bound, most, ending)
    prompt, answer = draw(st.integers(0, bound)), draw(st.integers(0, most))
    return Script(bound, most, prompt, answer, ending)


@settings(max_examples=150, deadline=None)
@given(
    calls=st.lists(scripts(), min_size=64, max_size=64),
    turns=st.lists(st.integers(0, 70), max_size=400),
    usd=st.sampled_from([0.0, 0.0037, 0.02, 0.1234567]),
    count=st.sampled_from([3_000, 40_000, 200_000]),
)
def test_the_provider_never_bills_more_than_the_ceiling(
    calls: list[Script], turns: list[int], usd: float, count: int
) -> None:
    world = World(usd, count)
    running = {i: world.call(f"call {i}", script) for i, script in enumerate(calls)}
    lost = list[int]()
    for turn in [*turns, *list(range(64)) * 4]:
        if turn < 64:
            if turn in running and next(running[turn], running) is running:
                del running[turn]
        elif turn == 64:
            # Calls under way are forgotten, but the provider may still bill them.
            begun = {charge.call_id for charge in world.intents}
            lost += [i for i in running if f"call {i}" in begun]
            running = {i: call for i, call in running.items() if f"call {i}" not in begun}
            world.crash()
        elif lost:
            index = lost.pop()
            world.bill(f"call {index}", calls[index])
        world.check()
    world.crash()
    for index in lost:
        world.bill(f"call {index}", calls[index])
    world.check()
