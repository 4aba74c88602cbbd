"""The recipe of the embedded data, and a recording that pays for processor time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from gairp.errors import ConfigError
from gairp.run import CONF
from gairp.runners.recording.runner import RecordingRunner
from gairp.traces.tasks import generate_all

ARMS = {"smollm2_plain": 4, "smollm2_4shot": 4, "qwen_plain": 4, "qwen_reason": 3}


@pytest.fixture
def record_local(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., RecordingRunner]:
    """The runner of `+experiment=record_local`, writing below tmp_path."""
    for variable in ("GAIRP_SMOLLM2_GGUF", "GAIRP_QWEN_GGUF"):
        monkeypatch.setenv(variable, str(tmp_path / "absent.gguf"))

    def made(*overrides: str) -> RecordingRunner:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            config = compose(
                "run",
                ["+experiment=record_local", f"recording.folder={tmp_path}/trace", *overrides],
            )
        plain: Any = OmegaConf.to_container(config, resolve=True)
        return RecordingRunner(plain, out=tmp_path / "out")

    return made


def test_it_asks_what_the_embedded_data_were_asked(
    record_local: Callable[..., RecordingRunner],
) -> None:
    plan = record_local().plan()
    tasks = {task.id: task for task in generate_all(seed=7, per_family=66)}
    assert {question.id for question in plan.questions} == set(tasks)
    question = next(q for q in plan.questions if q.category == "dates")
    task = tasks[question.id]
    answers = plan.answers(question)
    assert {name: sum(p.arm == name for p in answers) for name in ARMS} == ARMS
    said = {pair.arm: plan.request(pair, 0) for pair in answers if not pair.sample}
    assert said["qwen_reason"].params["max_tokens"] == 56
    assert said["smollm2_plain"].params["max_tokens"] == task.max_tokens
    assert said["smollm2_4shot"].examples == tuple((s.prompt, s.answer) for s in task.shots)
    closing = next(p for p in plan.of(question) if p.step == "closing" and not p.sample)
    messages = plan.request(closing, 0, said=("It is a leap year.",)).messages
    assert [dict(message) for message in messages] == [
        {"role": "system", "content": "You solve problems step by step, in few words."},
        {
            "role": "user",
            "content": f"{task.question}\nFirst write the working in one short line. "
            f"Then write 'Answer:' and {task.hint}.",
        },
        {"role": "assistant", "content": "It is a leap year."},
        {"role": "user", "content": f"So what is the answer? Reply with {task.hint} only."},
    ]


def test_time_cannot_be_held_to_a_ceiling_in_usd(
    record_local: Callable[..., RecordingRunner],
) -> None:
    with pytest.raises(ConfigError, match="nobody knows before a call how long"):
        record_local("live.ceiling.usd=1").run()


def test_processor_time_is_what_a_metered_server_costs(
    record_local: Callable[..., RecordingRunner], tmp_path: Path
) -> None:
    runner = record_local(
        "live.count=3", "recording.questions.per_family=1", "live.progress=false",
        f"log.folder={tmp_path}/log",
    )  # fmt: skip
    says = {"answer": "Answer: yes", "metrics": ""}
    fake = "tests.backends.local.fake_local_server.FakeLocalServer"
    for backend in runner.live.backends.values():
        backend["server"] = {"_target_": fake, "says": says}
    folder = runner.run()
    rows = pd.read_parquet(folder / "outcomes.parquet")
    assert len(rows) == 3 * len(ARMS)
    for prefix in ("", "agreement_", "verify_"):
        assert (rows[f"{prefix}compute_s"] > 0).all()
        price = rows[f"{prefix}compute_s"] * 0.05 / 3600
        np.testing.assert_allclose(rows[f"{prefix}cost_usd"], price, rtol=1e-12)
    assert rows["load_average"].ge(0).all()
    assert rows["recorded_at_s"].between(0, 60).all()
    assert set(rows["final"]) == {"Answer: yes", "yes"}
    prompts = pd.read_parquet(folder / "prompts.parquet")
    assert set(prompts["difficulty"]) == {1}
    assert "usd_per_core_hour: 0.05" in (folder / "card.md").read_text(encoding="utf-8")
