"""What `gairp.run` starts for `+experiment=warm_start`."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from gairp.report.markdown import frame_table
from gairp.rewards import Utility
from gairp.runners.configured import configured
from gairp.runners.finished import digest, finished
from gairp.runners.replay.prepared import Prepared
from gairp.runners.replay.preparing import prepare
from gairp.runners.report_folder import ReportFolder
from gairp.runners.warm_start.course import Course, Scene, worth
from gairp.runners.warm_start.figure import write_figure
from gairp.runners.warm_start.table import warm_start_table

if TYPE_CHECKING:
    from omegaconf import DictConfig

SCENES = {"the same traffic": False, "a prior from elsewhere": True}
Found = dict[str, dict[str, list[Course]]]


class WarmStartRunner:
    """Runs bandits with and without a prior over splits and orders; goes on where it stopped."""

    def __init__(
        self,
        *,
        trace: Mapping[str, Any],
        features: Mapping[str, Any],
        utility: Mapping[str, Any],
        bandits: Mapping[str, Mapping[str, Any]],
        checkpoints: Sequence[int],
        work: Path | str,
        out: Path | str,
        splits: int = 4,
        orders: int = 3,
        passes: int = 3,
        early: int = 500,
        draws: int = 2000,
    ) -> None:
        """`bandits`: name -> {policy, rows}, the first without a prior; `rows` of train, null all.

        `checkpoints`: requests after which held-out prompts are asked; `early` is one of them.
        """
        self.trace, self.features, self.utility = trace, features, utility
        self.bandits, self.checkpoints = bandits, [int(c) for c in checkpoints]
        self.splits, self.orders, self.passes = int(splits), int(orders), int(passes)
        self.early, self.draws = int(early), int(draws)
        self.work, self.out = Path(work) / str(trace["name"]), Path(out) / str(trace["name"])

    @classmethod
    def from_config(cls, config: DictConfig) -> Self:
        """A runner of the composed configuration."""
        settings, given = configured(config)
        shared = {key: settings[key] for key in ("trace", "features", "utility")}
        return cls(**shared, **given)

    def run(self) -> Path:
        """Do what is missing, write the report, and return its path."""
        found: Found = {scene: {name: [] for name in self.bandits} for scene in SCENES}
        best: dict[str, list[float]] = {scene: [] for scene in SCENES}
        length = dict.fromkeys(SCENES, self.checkpoints[-1])
        prepared: Prepared | None = None
        for split in range(self.splits):
            prepared = prepare(self.trace, self.features, Utility(**self.utility), seed=split)
            for name, elsewhere in SCENES.items():
                scene = Scene.of(prepared, elsewhere=elsewhere)
                best[name].append(_best_on_train(scene, Utility(**self.utility)))
                length[name] = min(length[name], self.passes * len(scene.stream))
                for bandit, course in self._courses(scene, split, elsewhere):
                    found[name][bandit].append(course)
            done, total = split + 1, self.splits
            print(f"{self.trace['name']}: split {done} of {total}", flush=True)
        assert prepared is not None
        for name, courses in found.items():
            kept = sum(c <= length[name] for c in self.checkpoints)
            found[name] = {k: [one.until(kept) for one in runs] for k, runs in courses.items()}
        return self._report(found, {k: float(np.mean(v)) for k, v in best.items()}, prepared)

    def _courses(self, scene: Scene, split: int, elsewhere: bool) -> Iterator[tuple[str, Course]]:
        where = "elsewhere" if elsewhere else "same"
        for name, given in self.bandits.items():
            folder = self.work / f"{name}-{self._key(scene.prepared, given)}".replace(" ", "_")
            for order in range(self.orders):
                seed = split * self.orders + order
                run = partial(
                    scene.course, given["policy"], rows=given.get("rows"), utility=self.utility,
                    checkpoints=self.checkpoints, passes=self.passes, seed=seed,
                )  # fmt: skip
                yield name, finished(Course, folder / f"{where}-{seed}.npz", run)

    def _key(self, prepared: Prepared, bandit: Mapping[str, Any]) -> str:
        """Runs of other settings or data are not taken for these; other bandits may come and go."""
        data = [prepared.feature_fingerprint, dict(prepared.facts)]
        return digest([bandit, self.utility, self.checkpoints, self.passes, data], size=6)

    # -- report ---------------------------------------------------------------------------

    def _report(self, found: Found, best: Mapping[str, float], prepared: Prepared) -> Path:
        folder, frames = ReportFolder(self.out), []
        for scene, courses in found.items():
            frame = warm_start_table(
                courses, self._reached(courses), cold=next(iter(self.bandits)), early=self.early,
                draws=self.draws, seed=0,
            )  # fmt: skip
            frame.insert(0, "scene", scene)
            frame["best_arm_on_train"] = best[scene]
            frames.append(frame)
        table = pd.concat(frames, ignore_index=True)
        folder.write_tables({"summary": table})
        write_figure(found, self.checkpoints, best, folder.figure("curves"))
        return folder.write_text(self._text(table, prepared))

    def _reached(self, courses: Mapping[str, Sequence[Course]]) -> list[int]:
        """The checkpoints that a scene's requests come to."""
        return self.checkpoints[: len(next(iter(courses.values()))[0].held_out)]

    def _text(self, table: pd.DataFrame, prepared: Prepared) -> list[str]:
        runs = self.splits * self.orders
        parts = [
            f"# Warm starts on {self.trace['name']}",
            f"{runs} runs ({self.splits} splits of {self.orders} orders each). `saved` is how many "
            "online requests the cold bandit needs until it stays worth as much on held-out "
            "prompts as this one is before its first (> where it does not within the requests that "
            "there are); gains are in utility a request over the cold one, in the first "
            f"{self.early} requests and on held-out prompts at the end; brackets are 95% "
            "bootstraps over runs.",
        ]
        for scene, frame in table.groupby("scene", sort=False):
            best = frame["best_arm_on_train"].iloc[0]
            parts += [f"## {scene}: the best arm on train is worth {best:.4f}",
                      frame_table(_shown(frame))]  # fmt: skip
        parts.append("\n".join(f"- {note}" for note in prepared.notes) or "Nothing is assumed.")
        return parts


def _best_on_train(scene: Scene, utility: Utility) -> float:
    """What the arm that is best on the prior's rows is worth on held-out prompts."""
    values = worth(scene.prepared, utility)
    arm = int(np.nanmean(values[scene.train], axis=0).argmax())
    return float(values[scene.held_out, arm].mean())


def _shown(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers with their intervals, as text."""
    rows = frame.to_dict("records")
    return pd.DataFrame(
        {
            "bandit": frame["bandit"],
            "at start": frame["at_start"],
            "at end": frame["at_end"],
            "saved": [_saved(row) for row in rows],
            "early gain": [_gain(row, "early_gain") for row in rows],
            "end gain": [_gain(row, "end_gain") for row in rows],
        }
    )


def _saved(row: Mapping[Hashable, Any]) -> str:
    def said(value: float) -> str:
        return f"> {row['requests']:,}" if value >= row["requests"] else f"{value:,.0f}"

    return f"{said(row['saved'])} [{said(row['saved_low'])}, {said(row['saved_high'])}]"


def _gain(row: Mapping[Hashable, Any], name: str) -> str:
    return f"{row[name]:+.3f} [{row[name + '_low']:+.3f}, {row[name + '_high']:+.3f}]"
