"""All rules of a gateway, checked as a whole when they are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec

from gairp.errors import ConfigError
from gairp.gateway.errors import ApiError
from gairp.gateway.exchange.request import GatewayRequest
from gairp.gateway.exchange.split import Branch, Split
from gairp.gateway.exchange.target import Catalogue, Shadow, Target
from gairp.gateway.rules.condition import Condition, ConditionError
from gairp.gateway.rules.facts import PLACES, RequestFacts
from gairp.gateway.rules.places import Document
from gairp.gateway.rules.rule import BookSpec, RuleSpec, SplitSpec, TestSpec
from gairp.gateway.rules.units import share_of, unit_of

_PATH = re.compile(r"`\$(.*)`")
_REMEMBERED = 16_384
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]|\[\.\.\.\]")


class RuleBook:
    """Finds the target of a request; what no rule speaks of goes where the client asked."""

    def __init__(self, text: str, catalogue: Catalogue, name: str = "rules") -> None:
        """Raises ConfigError with line and column for whatever cannot be meant."""
        self.name, self.catalogue = name, catalogue
        self._document = Document(text, name)
        spec = self._spec()
        self.tests: list[TestSpec] = spec.tests
        self.rules: list[tuple[RuleSpec, Condition]] = []
        seen: set[str] = set()
        for i, rule in enumerate(spec.rules):
            if rule.name in seen:
                raise self._error(i, "name", f"two rules are named {rule.name!r}")
            seen.add(rule.name)
            self.rules.append((rule, self._checked(i, rule)))
        self._seen = self._reader()
        self._known: dict[tuple[Any, ...], Target] = {}

    @classmethod
    def read(cls, path: Path, catalogue: Catalogue) -> RuleBook:
        """Raises ConfigError for a file that is not there."""
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"rules: {path} cannot be read ({error.strerror})") from None
        return cls(text, catalogue, str(path))

    def target(self, facts: dict[str, Any], request_id: str = "") -> Target:
        """Where a request with these facts goes. Raises ApiError where a rule refuses it, or the
        model that was asked for does not exist.
        """
        more: dict[str, Any] = {}
        for rule, condition in self.rules:
            if not condition.holds(facts):
                continue
            if rule.refuse is not None:
                raise ApiError(
                    rule.refuse.status, rule.refuse.message, code="refused_by_rule", param=None
                )
            more = {**self._beside(rule, facts, request_id), **more}
            if rule.split is not None:
                return self._split(rule, rule.split, facts, request_id, more)
            if rule.to is not None:
                return self._with(self.catalogue.find(rule.to), rule.name, more)
        found = self.catalogue.find(facts["model"])
        return found if not more else self._with(found, "", more)

    def direct(self, request: GatewayRequest, headers: Mapping[bytes, bytes]) -> Target:
        """As `target`, of a request. Where it all depends on facts of few values, it is known."""
        if self._seen is None:
            return self.target(RequestFacts(request, headers), request.id)
        seen = self._seen(request)
        found = self._known.get(seen)
        if found is None:
            found = self.target(RequestFacts(request, headers), request.id)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[seen] = found
        return found

    def explain(self, facts: dict[str, Any]) -> list[tuple[str, bool, str]]:
        """(rule, whether it holds, what its condition gave) for each, in order."""
        return [(r.name, c.holds(facts), c.why_not(facts)) for r, c in self.rules]

    def _reader(self) -> Callable[[GatewayRequest], tuple[Any, ...]] | None:
        """Reads all that a target depends on; None where that is more than a few places."""
        places = [PLACES["operation"], "peek.model"]  # two at least, so that a tuple is read
        for rule, condition in self.rules:
            if rule.split is not None or rule.affinity is not None:
                return None
            if not condition.always:
                if not PLACES.keys() >= set(condition.reads):
                    return None
                places += [PLACES[name] for name in condition.reads]
        return attrgetter(*dict.fromkeys(places))

    # -- making targets ---------------------------------------------------------------------

    def _beside(self, rule: RuleSpec, facts: Mapping[str, Any], request_id: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if rule.fallbacks:
            found["fallbacks"] = tuple(self.catalogue.find(name) for name in rule.fallbacks)
        if rule.deadline_s is not None:
            found["deadline_s"] = rule.deadline_s
        if rule.hedge_s is not None:
            found["hedge_s"] = rule.hedge_s
        if rule.affinity is not None and (unit := unit_of(rule.affinity, facts, request_id)):
            found["affinity"] = f"{rule.name}|{unit}"
        if rule.shadow is not None:
            found["shadows"] = (
                Shadow(
                    target=self.catalogue.find(rule.shadow.to),
                    share=rule.shadow.share,
                    usd_per_day=rule.shadow.usd_per_day,
                    rule=rule.name,
                ),
            )
        return found

    def _with(self, target: Target, rule: str, more: dict[str, Any]) -> Target:
        return msgspec.structs.replace(target, rule=rule, **more)

    def _split(
        self, rule: RuleSpec, split: SplitSpec, facts: Mapping[str, Any], request_id: str,
        more: dict[str, Any],
    ) -> Target:  # fmt: skip
        """The branch of the request's unit; without one (no session, say) each request draws."""
        unit = unit_of(split.by, facts, request_id) or request_id
        total = sum(branch.weight for branch in split.branches.values())
        branches = tuple(
            Branch(
                name=name,
                weight=branch.weight / total,
                learner=(found := self.catalogue.find(branch.to)).learner,
                arms=found.arms,
            )
            for name, branch in split.branches.items()
        )
        drawn, at = share_of(f"{rule.name}|{split.salt}|{unit}"), 0.0
        chosen = branches[-1]
        for branch in branches:
            at += branch.weight
            if drawn < at:
                chosen = branch
                break
        target = Target(
            learner=chosen.learner,
            arms=chosen.arms,
            split=Split(branches=branches, chosen=chosen.name, unit=f"{split.by}:{unit}"),
        )
        return self._with(target, rule.name, more)

    # -- checking ---------------------------------------------------------------------------

    def _spec(self) -> BookSpec:
        try:
            return msgspec.convert(self._document.values or {}, BookSpec)
        except msgspec.ValidationError as error:
            match = _PATH.search(str(error))
            path = _path(match[1]) if match is not None else ()
            said = str(error).partition(" - at ")[0]
            raise self._document.error(path, said) from None

    def _checked(self, i: int, rule: RuleSpec) -> Condition:
        says = [rule.to is not None, rule.split is not None, rule.refuse is not None]
        if sum(says) > 1:
            raise self._error(i, "name", "give one of to, split and refuse")
        for key, name in self._names(rule):
            try:
                self.catalogue.find(name)
            except ApiError:
                known = ", ".join(self.catalogue.names)
                raise self._error(i, key, f"{name!r} is unknown; there are: {known}") from None
        if rule.split is not None:
            self._check_weights(i, rule.split)
        if rule.deadline_s is not None and not rule.deadline_s > 0:
            raise self._error(i, "deadline_s", "must be above 0 seconds")
        if rule.hedge_s is not None and not rule.hedge_s > 0:
            raise self._error(i, "hedge_s", "must be above 0 seconds")
        if rule.shadow is not None and not 0 <= rule.shadow.share <= 1:
            raise self._error(i, "shadow", "share must be in [0, 1]")
        try:
            return Condition(rule.when)
        except ConditionError as error:
            raise self._at_condition(i, error) from None

    def _names(self, rule: RuleSpec) -> list[tuple[str, str]]:
        names = [("to", rule.to)] if rule.to is not None else []
        names += [("fallbacks", name) for name in rule.fallbacks]
        if rule.shadow is not None:
            names.append(("shadow", rule.shadow.to))
        if rule.split is not None:
            names += [("split", branch.to) for branch in rule.split.branches.values()]
        return names

    def _check_weights(self, i: int, split: SplitSpec) -> None:
        weights = [branch.weight for branch in split.branches.values()]
        if not weights or min(weights) < 0 or not sum(weights) > 0:
            raise self._error(i, "split", "weights must be 0 or more, and one of them above 0")

    def _at_condition(self, i: int, error: ConditionError) -> ConfigError:
        """The place in the file; of a condition in a block, that of the block."""
        place = self._document.at(("rules", i, "when"))
        line, column = place.line + error.line - 1, place.column
        if error.line == 1:
            column += error.column - 1
        rule = self._document.values["rules"][i]["name"]
        return ConfigError(f"{self.name}:{line}:{column}: rule {rule!r}: when {error}")

    def _error(self, i: int, key: str, message: str) -> ConfigError:
        rule = self._document.values["rules"][i].get("name", i)
        return self._document.error(("rules", i, key), f"rule {rule!r}: {message}")


def _path(text: str) -> tuple[str | int, ...]:
    return tuple(
        int(match[2]) if match[2] else match[1]
        for match in _STEP.finditer(text)
        if match[1] or match[2]
    )
