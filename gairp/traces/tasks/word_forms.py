"""Opposites, plurals and past tenses."""

from __future__ import annotations

import random

from gairp.traces.tasks.family import Family, Item

_OPPOSITES = {
    "hot": "cold",
    "big": "small",
    "up": "down",
    "day": "night",
    "early": "late",
    "open": "closed",
    "happy": "sad",
    "fast": "slow",
    "rich": "poor",
    "full": "empty",
    "hard": "soft",
    "left": "right",
    "old": "new",
    "win": "lose",
    "buy": "sell",
    "push": "pull",
    "strong": "weak",
    "wet": "dry",
    "north": "south",
    "true": "false",
    "inside": "outside",
    "first": "last",
    "black": "white",
    "love": "hate",
    "light": "dark",
    "high": "low",
    "long": "short",
    "wide": "narrow",
}
_PLURALS = {
    "child": "children",
    "mouse": "mice",
    "city": "cities",
    "knife": "knives",
    "box": "boxes",
    "tooth": "teeth",
    "leaf": "leaves",
    "foot": "feet",
    "man": "men",
    "goose": "geese",
    "baby": "babies",
    "wolf": "wolves",
    "potato": "potatoes",
    "bus": "buses",
    "country": "countries",
    "ox": "oxen",
    "woman": "women",
    "shelf": "shelves",
    "dish": "dishes",
    "story": "stories",
    "sheep": "sheep",
    "church": "churches",
    "key": "keys",
    "thief": "thieves",
    "tomato": "tomatoes",
    "analysis": "analyses",
}
_PASTS = {
    "go": "went",
    "eat": "ate",
    "buy": "bought",
    "think": "thought",
    "swim": "swam",
    "write": "wrote",
    "run": "ran",
    "teach": "taught",
    "catch": "caught",
    "fly": "flew",
    "begin": "began",
    "bring": "brought",
    "sing": "sang",
    "drive": "drove",
    "break": "broke",
    "choose": "chose",
    "freeze": "froze",
    "speak": "spoke",
    "steal": "stole",
    "wear": "wore",
    "hide": "hid",
    "grow": "grew",
    "draw": "drew",
    "forget": "forgot",
    "shake": "shook",
    "strike": "struck",
    "seek": "sought",
    "weave": "wove",
}


class WordForms(Family):
    """1: opposites; 2: plurals; 3: irregular past tenses."""

    name = "word_forms"
    hint = "one word"
    grader = "mention"

    def _item(self, rng: random.Random, difficulty: int) -> Item:
        table = {1: _OPPOSITES, 2: _PLURALS, 3: _PASTS}[difficulty]
        word = rng.choice(sorted(table))
        ask = {
            1: f"What is the opposite of '{word}'?",
            2: f"What is the plural of '{word}'?",
            3: f"What is the simple past tense of the verb '{word}'?",
        }[difficulty]
        # An unchanged word ('sheep') stands in the question: there a mention proves nothing.
        return Item(ask, table[word], grader="text" if table[word] == word else None)
