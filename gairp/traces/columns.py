"""Which of the user's columns hold which field of the schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from gairp.errors import DataError, UnknownNameError

#: One column; several to try in order; one per arm (wide layout); None: leave the field out.
ColumnName = str | Sequence[str] | Mapping[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Schema field -> the user's column. The defaults fit the layout of `docs/trace_schema.md`.

    In the wide layout a name holds the placeholder `{arm}`, or is a mapping arm -> column; fields
    left at their default are looked for as `{arm}_<default>`.
    """

    prompt_id: str = "prompt_id"
    model: str = "model"
    score: ColumnName = "score"
    input_tokens: ColumnName = "input_tokens"
    output_tokens: ColumnName = "output_tokens"
    cost_usd: ColumnName = ("cost_usd", "cost_usd_est")
    ttft_s: ColumnName = "ttft_s"
    latency_s: ColumnName = "latency_s"
    prompt: ColumnName = "prompt"
    category: ColumnName = ("category", "dataset")
    split: ColumnName = "split"

    @classmethod
    def of(cls, mapping: Columns | Mapping[str, ColumnName] | None) -> Columns:
        """A mapping as Columns. Raises UnknownNameError for a key that is no schema field."""
        if isinstance(mapping, Columns):
            return mapping
        for key in mapping or {}:
            if key not in cls.fields():
                raise UnknownNameError("field of the trace schema", key, cls.fields())
        return cls(**dict(mapping or {}))  # type: ignore[arg-type]

    @classmethod
    def fields(cls) -> tuple[str, ...]:
        """The schema fields that a mapping may name."""
        return tuple(entry.name for entry in fields(cls))

    def chosen(self, field: str) -> bool:
        """Whether the user said where `field` is (then its absence is an error)."""
        per_arm = isinstance(getattr(self, field), Mapping)
        return per_arm or self.names(field) != Columns().names(field)

    def names(self, field: str) -> tuple[str, ...]:
        """The columns to try for `field`, best first; empty when it is left out."""
        name: ColumnName = getattr(self, field)
        if name is None:
            return ()
        if isinstance(name, str):
            return (name,)
        return tuple(name.values()) if isinstance(name, Mapping) else tuple(name)

    def first(self, field: str, existing: Sequence[str]) -> str | None:
        """The first column of `field` among `existing`, if any."""
        return next((name for name in self.names(field) if name in existing), None)

    def find(
        self, field: str, *, file: str, existing: Sequence[str], required: bool = False
    ) -> str | None:
        """As `first`, but raises DataError, listing what exists and the key to set, where a
        required column, or one that the user chose, is absent."""
        name = self.first(field, existing)
        if name is None and (required or (self.names(field) and self.chosen(field))):
            raise missing_column(field, self.names(field), file=file, existing=existing)
        return name


def missing_column(
    field: str, names: Sequence[str], *, file: str, existing: Sequence[str]
) -> DataError:
    """The error for a column that had to be there."""
    wanted = " or ".join(repr(name) for name in names) or "column"
    wide = ", or layout=wide where a row holds all models" if field == "model" else ""
    return DataError(
        f"{file}: there is no {wanted} for the field {field!r}; the columns are: "
        f"{', '.join(existing) or 'none'}; set columns.{field} to the one that holds it{wide}"
    )
