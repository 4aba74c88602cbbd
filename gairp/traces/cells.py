"""The recorded (prompt, arm) pairs of a table, before they become matrices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gairp.errors import BadRowError
from gairp.traces.table import Floats, Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """`m` pairs, with the place in the file where each one stands."""

    file: str
    arms: tuple[str, ...]  #: k names
    prompt: Ints  #: [m], index of the prompt
    arm: Ints  #: [m], index of the arm
    row: Ints  #: [m], data row of the file, from 1
    values: Mapping[str, Floats]  #: "score", quantities and signals, each [m]
    columns: Mapping[str, tuple[str, ...]]  #: the user's column of each value, per arm

    def __len__(self) -> int:
        return len(self.row)

    def bad(self, i: int, field: str, value: object, problem: str, remedy: str) -> BadRowError:
        """The error for pair `i`."""
        return BadRowError(
            file=self.file,
            row=int(self.row[i]),
            column=self.columns[field][self.arm[i]] if field in self.columns else field,
            value=value,
            problem=problem,
            remedy=remedy,
        )

    def keep(self, mask: NDArray[np.bool_]) -> Cells:
        """The pairs where `mask` holds."""
        return Cells(
            file=self.file,
            arms=self.arms,
            prompt=self.prompt[mask],
            arm=self.arm[mask],
            row=self.row[mask],
            values={field: numbers[mask] for field, numbers in self.values.items()},
            columns=self.columns,
        )

    def shifted(self, by: int) -> Cells:
        """The same pairs with prompt indices moved."""
        return replace(self, prompt=self.prompt + by)

    def followed_by(self, later: Cells, shift: int) -> Cells:
        """These pairs and then `later`'s, whose prompt indices move up by `shift`.

        A value that only one of the two has is missing in the other.
        """
        both = {**self.columns, **later.columns}

        def joined(field: str) -> Floats:
            parts = [c.values.get(field, np.full(len(c), np.nan)) for c in (self, later)]
            return np.concatenate(parts)

        return Cells(
            file=self.file,
            arms=self.arms,
            prompt=np.concatenate([self.prompt, later.shifted(shift).prompt]),
            arm=np.concatenate([self.arm, later.arm]),
            row=np.concatenate([self.row, later.row]),
            values={field: joined(field) for field in both},
            columns=both,
        )

    def matrices(self, prompts: int, index: Ints | None = None) -> dict[str, Floats]:
        """Each value as float64 [prompts, k]; a pair that was not recorded is NaN.

        `index` maps a prompt's index to its row, where the rows stand in another order.
        """
        where = self.prompt if index is None else index[self.prompt]
        tables: dict[str, Floats] = {}
        for field, numbers in self.values.items():
            table = np.full((prompts, len(self.arms)), np.nan)
            table[where, self.arm] = numbers
            tables[field] = table
        return tables
