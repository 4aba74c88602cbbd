"""Reading and writing small JSON objects."""

from __future__ import annotations

import json
import random

from gairp.traces.tasks.family import Family, Item

_NAMES = ("Mia", "Tom", "Lena", "Omar", "Ravi", "Sara", "Ivan", "Yuki", "Nora", "Paul")
_CITIES = ("Rome", "Oslo", "Lima", "Cairo", "Delhi", "Paris", "Kyoto", "Quito")
_JOBS = ("doctor", "teacher", "pilot", "farmer", "baker", "nurse", "painter")


class JsonExtract(Family):
    """1: one field of a flat object; 2: a nested field; 3: a sentence into JSON."""

    name = "json_extract"
    hint = "the value"
    grader = "text"
    max_tokens = 30

    def _item(self, rng: random.Random, difficulty: int) -> Item:
        person = {
            "name": rng.choice(_NAMES),
            "age": rng.randint(18, 80),
            "city": rng.choice(_CITIES),
            "job": rng.choice(_JOBS),
        }
        if difficulty == 3:
            text = f"{person['name']} is {person['age']} years old and lives in {person['city']}."
            wanted = {key: person[key] for key in ("name", "age", "city")}
            return Item(
                f'Turn this sentence into JSON with the keys "name", "age" and "city": {text}',
                json.dumps(wanted),
                "the JSON object",
                "json",
            )
        key = rng.choice(sorted(person))
        if difficulty == 1:
            return Item(f'What is the value of "{key}" in {json.dumps(person)}?', str(person[key]))
        other = {
            **person,
            "name": rng.choice(_NAMES),
            "age": rng.randint(18, 80),
            "city": rng.choice(_CITIES),
        }
        role = rng.choice(("buyer", "seller"))
        deal = {"id": rng.randint(100, 999), "buyer": person, "seller": other}
        small = {
            k: {f: v[f] for f in ("name", "age", "city")} if isinstance(v, dict) else v
            for k, v in deal.items()
        }
        key = rng.choice(("name", "age", "city"))
        value = (person if role == "buyer" else other)[key]
        return Item(f"What is the {key} of the {role} in {json.dumps(small)}?", str(value))
