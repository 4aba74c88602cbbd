"""What a study leaves behind: report.md, its tables and its figures in one folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


class ReportFolder:
    """A folder that holds `report.md`, tables as CSV of six digits, and `figures/`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "figures").mkdir(parents=True, exist_ok=True)

    def write_tables(self, tables: Mapping[str, pd.DataFrame], *, unknown: str = "") -> None:
        """Each as `name`.csv; `unknown` stands where a number is NaN."""
        for name, frame in tables.items():
            frame.to_csv(
                self.path / f"{name}.csv", index=False, float_format="%.6g", na_rep=unknown
            )

    def figure(self, name: str) -> Path:
        """Where this figure goes, without its ending."""
        return self.path / "figures" / name

    def write_text(self, parts: Sequence[str], *, shown: int | None = None) -> Path:
        """The paragraphs as report.md; prints the first `shown` of them, all by default."""
        file = self.path / "report.md"
        file.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
        print("\n\n".join(parts[:shown]))
        return file
