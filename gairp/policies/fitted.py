"""A policy that was trained before and is taken as it is."""

from __future__ import annotations

from pathlib import Path

from gairp.errors import StateError
from gairp.policies.base import BasePolicy
from gairp.policies.wrapper import PolicyWrapper
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, Decision


class Fitted(PolicyWrapper):
    """`policy` in the state that `file` holds; it is not fitted again, and learns on if it learns.

    This is what a configuration with `uri: models:/NAME@ALIAS` becomes before a run starts.

    file: the bytes of `policy.save()`. Where it is gone, the state must come by `load`, as it does
        when a log is repeated.
    source: where the file came from, for the records.

    Raises StateError for the state of another policy.
    """

    def __init__(
        self,
        *,
        policy: BasePolicy,
        file: Path | str,
        source: str = "",
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(policy=policy, utility=utility, name=name)
        self.file, self.source = str(file), source
        policy.name = self.name
        # What has been learned elsewhere is the point: the rows at hand must not replace it.
        vars(self).pop("fit", None)
        if Path(self.file).exists():
            self._take_up(Path(self.file).read_bytes())

    def _take_up(self, state: bytes) -> None:
        try:
            self.policy.load(state)
        except StateError as error:
            raise StateError(f"{self.source or self.file}: {error}") from error

    def decide(self, context: Context, rng: DecisionRng) -> Decision:
        """As the inner policy."""
        return self.policy.decide(context, rng)
