"""Which topic does a sentence belong to?"""

from __future__ import annotations

import random

from gairp.traces.tasks.family import Family, Item

_SUBJECTS = {
    "sport": (
        "The team scored in the last minute",
        "She won the race by a second",
        "The goalkeeper saved the penalty",
        "He trained for the marathon",
        "The match ended in a draw",
    ),
    "food": (
        "The soup needs more salt",
        "She baked bread this morning",
        "The chef grilled the fish",
        "He ordered pasta with cheese",
        "The cake was covered in chocolate",
    ),
    "music": (
        "The orchestra tuned its violins",
        "He wrote a new song",
        "The singer hit a high note",
        "She practised the piano",
        "The band played three encores",
    ),
    "travel": (
        "The flight to Lisbon was delayed",
        "We booked a room by the sea",
        "She packed two suitcases",
        "The train crossed the border at night",
        "He renewed his passport",
    ),
    "weather": (
        "Heavy rain is expected",
        "The storm moved north",
        "Snow covered the hills",
        "It was sunny and warm",
        "Fog hid the harbour",
    ),
    "money": (
        "The bank raised its interest rate",
        "She paid the loan early",
        "Shares fell by three percent",
        "He saved part of his salary",
        "The tax bill arrived",
    ),
}
_TAILS = (
    "",
    " yesterday",
    " on Monday",
    ", as everyone had hoped",
    ", said the newspaper",
    " last year",
)
_MISLEADING = (
    "while the radio played music", "during the football match", "after a good lunch",
    "although the weather was bad", "on the way to the airport", "and it cost a lot of money",
)  # fmt: skip


class Topics(Family):
    """1: three labels; 2: six labels; 3: six labels and a misleading clause."""

    name = "topics"
    hint = "one topic"
    grader = "text"
    max_tokens = 16

    def _item(self, rng: random.Random, difficulty: int) -> Item:
        topic = rng.choice(sorted(_SUBJECTS))
        text = rng.choice(_SUBJECTS[topic]) + rng.choice(_TAILS)
        labels = sorted(_SUBJECTS)
        if difficulty == 1:
            labels = [topic, *rng.sample([name for name in labels if name != topic], 2)]
        if difficulty == 3:
            text += " " + rng.choice(_MISLEADING)
        rng.shuffle(labels)
        return Item(
            f"What is the main topic of this sentence: {', '.join(labels)}? {text}.",
            topic,
            None,
            "choice:" + "|".join(labels),
        )
