"""MMLU-Pro: one zip of stored answers a model (Wang et al. 2024).

Each zip holds one JSON list of answered questions: question_id, question, options, answer, pred,
category, src and the text, called generated_text or model_outputs. One file also holds stray
strings between the questions; they are no answers and are skipped.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gairp.errors import DataError
from gairp.traces.converters import cl100k
from gairp.traces.converters.original import REMEDY, field, matching, parse_json

if TYPE_CHECKING:
    import pandas as pd

DATASET = "mmlu_pro"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
FILE_NAME = re.compile(r"model_outputs_(?P<model>.+)_5shots\.zip")
TEXT_FIELDS = ("generated_text", "model_outputs")

Row = dict[str, Any]


def convert(
    folder: Path, *, prices: Mapping[str, Sequence[float]] | None = None
) -> dict[str, pd.DataFrame]:
    """Tables outcomes and prompts.

    `prices`: per model the list price in USD per million input and output tokens; a model
    without one has no `cost_usd_est`. A missing `pred` scores 0. Where runs saw different
    versions of a question, the prompt is the first file's and the label the most common one;
    each answer is scored against the label in its own file.
    """
    import pandas as pd

    answers: list[pd.DataFrame] = []
    questions: dict[int, Row] = {}
    labels: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for file in matching(folder, "eval_results/model_outputs_*_5shots.zip"):
        records = list(_records(file))
        answers.append(_answers(records, model_name(file)))
        for record in records:
            labels[record["question_id"]][record["answer"]] += 1
            if record["question_id"] not in questions:
                questions[record["question_id"]] = _question(record)
    prompts = _prompts(questions, labels)
    outcomes = _outcomes(pd.concat(answers), prompts, prices or {})
    return {"outcomes": outcomes, "prompts": prompts}


def model_name(file: Path) -> str:
    """The model's name; the file names write the point of a version 3.1 as an underscore."""
    match = FILE_NAME.fullmatch(file.name)
    if match is None:
        raise DataError(f"{file} is not named model_outputs_<model>_5shots.zip; {REMEDY}")
    return re.sub(r"(?<=\d)_(?=\d)", ".", match["model"])


def _records(file: Path) -> Iterator[Row]:
    records = _load(file)
    if not isinstance(records, list):
        raise DataError(f"{file} holds no list of answers; {REMEDY}")
    names = ("question_id", "question", "options", "answer", "pred", "category", "src")
    for number, record in enumerate(records, start=1):
        if isinstance(record, str):
            continue
        for name in names:
            field(record, name, file=str(file), number=number)
        yield record


def _load(file: Path) -> Any:
    try:
        with zipfile.ZipFile(file) as archive:
            members = [
                name
                for name in archive.namelist()
                if name.endswith(".json") and not name.startswith("__MACOSX")
            ]
            if len(members) != 1:
                raise DataError(f"{file} holds {len(members)} JSON files, not one; {REMEDY}")
            return parse_json(archive.read(members[0]), f"{file}:{members[0]}")
    except zipfile.BadZipFile as error:
        raise DataError(f"{file} is not a whole zip file ({error}); {REMEDY}") from error


def _answers(records: list[Row], model: str) -> pd.DataFrame:
    import pandas as pd

    texts = [
        next((record[name] for name in TEXT_FIELDS if record.get(name)), "") for record in records
    ]
    preds = [record["pred"] or "" for record in records]
    return pd.DataFrame(
        {
            "prompt_id": [f"{DATASET}/{record['question_id']}" for record in records],
            "dataset": DATASET,
            "category": [record["category"] for record in records],
            "model": model,
            "score": [
                int(pred == record["answer"]) for pred, record in zip(preds, records, strict=True)
            ],
            "pred": preds,
            "output_tokens": cl100k.counts(texts),
            "output_chars": [len(text) for text in texts],
        }
    )


def _question(record: Row) -> Row:
    options = "\n".join(
        f"{letter}. {option}" for letter, option in zip(LETTERS, record["options"], strict=False)
    )
    return {
        "category": record["category"],
        "src": record["src"],
        "prompt": f"{record['question'].strip()}\nOptions:\n{options}",
        "n_options": len(record["options"]),
    }


def _prompts(questions: Mapping[int, Row], labels: Mapping[int, Counter[str]]) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {"prompt_id": f"{DATASET}/{question_id}", "dataset": DATASET}
        | question
        | {
            "answer": labels[question_id].most_common(1)[0][0],
            "input_tokens": cl100k.count(question["prompt"]),
            "label_revised": len(labels[question_id]) > 1,
            "n_models": labels[question_id].total(),
        }
        for question_id, question in sorted(questions.items())
    ]
    columns = ["prompt_id", "dataset", "category", "src", "prompt", "answer", "n_options"]
    frame = pd.DataFrame(rows, columns=[*columns, "input_tokens", "label_revised", "n_models"])
    return frame.astype({"n_models": "int16"})


def _outcomes(
    frame: pd.DataFrame, prompts: pd.DataFrame, prices: Mapping[str, Sequence[float]]
) -> pd.DataFrame:
    import numpy as np

    lengths = dict(zip(prompts["prompt_id"], prompts["input_tokens"], strict=True))
    frame.insert(6, "input_tokens", frame["prompt_id"].map(lengths))
    unpriced = (np.nan, np.nan)
    per_token = np.array([prices.get(model, unpriced) for model in frame["model"]]) / 1e6
    tokens = frame[["input_tokens", "output_tokens"]].to_numpy()
    frame["cost_usd_est"] = (per_token * tokens).sum(axis=1)
    kinds = dict.fromkeys(("dataset", "category", "model", "pred"), "category")
    kinds |= dict.fromkeys(("input_tokens", "output_tokens", "output_chars"), "int32")
    frame = frame.astype(kinds | {"score": "int8", "cost_usd_est": "float32"})
    return frame.sort_values(["prompt_id", "model"], ignore_index=True)
