"""Capitals, continents and countries."""

from __future__ import annotations

import random

from gairp.traces.tasks.family import Family, Item

_EASY = {
    "France": ("Paris", "Europe"),
    "Japan": ("Tokyo", "Asia"),
    "Italy": ("Rome", "Europe"),
    "Spain": ("Madrid", "Europe"),
    "Germany": ("Berlin", "Europe"),
    "Egypt": ("Cairo", "Africa"),
    "Russia": ("Moscow", "Europe"),
    "China": ("Beijing", "Asia"),
    "Greece": ("Athens", "Europe"),
    "Austria": ("Vienna", "Europe"),
    "Portugal": ("Lisbon", "Europe"),
    "Cuba": ("Havana", "North America"),
    "Norway": ("Oslo", "Europe"),
    "Sweden": ("Stockholm", "Europe"),
    "Ireland": ("Dublin", "Europe"),
    "Canada": ("Ottawa", "North America"),
    "Poland": ("Warsaw", "Europe"),
    "Iran": ("Tehran", "Asia"),
    "Kenya": ("Nairobi", "Africa"),
    "Peru": ("Lima", "South America"),
    "Iraq": ("Baghdad", "Asia"),
    "Thailand": ("Bangkok", "Asia"),
    "Hungary": ("Budapest", "Europe"),
    "Finland": ("Helsinki", "Europe"),
    "Denmark": ("Copenhagen", "Europe"),
    "Belgium": ("Brussels", "Europe"),
    "Syria": ("Damascus", "Asia"),
}
_HARD = {
    "Mongolia": ("Ulaanbaatar", "Asia"),
    "Ghana": ("Accra", "Africa"),
    "Senegal": ("Dakar", "Africa"),
    "Bolivia": ("Sucre", "South America"),
    "Ecuador": ("Quito", "South America"),
    "Latvia": ("Riga", "Europe"),
    "Estonia": ("Tallinn", "Europe"),
    "Slovenia": ("Ljubljana", "Europe"),
    "Laos": ("Vientiane", "Asia"),
    "Paraguay": ("Asuncion", "South America"),
    "Zambia": ("Lusaka", "Africa"),
    "Uganda": ("Kampala", "Africa"),
    "Jordan": ("Amman", "Asia"),
    "Oman": ("Muscat", "Asia"),
    "Nepal": ("Kathmandu", "Asia"),
    "Albania": ("Tirana", "Europe"),
    "Moldova": ("Chisinau", "Europe"),
    "Honduras": ("Tegucigalpa", "North America"),
    "Jamaica": ("Kingston", "North America"),
    "Namibia": ("Windhoek", "Africa"),
    "Angola": ("Luanda", "Africa"),
    "Rwanda": ("Kigali", "Africa"),
    "Uruguay": ("Montevideo", "South America"),
    "Fiji": ("Suva", "Oceania"),
    "Lithuania": ("Vilnius", "Europe"),
    "Bulgaria": ("Sofia", "Europe"),
    "Qatar": ("Doha", "Asia"),
}
_CONTINENTS = "choice:Africa|Asia|Europe|North America|South America|Oceania"


class Facts(Family):
    """1: well-known capitals, both ways; 2: little-known ones; 3: the continent of a capital."""

    name = "facts"
    hint = "the name"
    grader = "mention"

    def _item(self, rng: random.Random, difficulty: int) -> Item:
        table = {1: _EASY, 2: _HARD, 3: {**_EASY, **_HARD}}[difficulty]
        country = rng.choice(sorted(table))
        capital, continent = table[country]
        if difficulty == 3:
            return Item(
                f"On which continent is the city of {capital}?",
                continent,
                "the continent",
                _CONTINENTS,
            )
        if rng.random() < 0.6:
            return Item(f"What is the capital of {country}?", capital, "the name of the city")
        return Item(
            f"{capital} is the capital of which country?", country, "the name of the country"
        )
