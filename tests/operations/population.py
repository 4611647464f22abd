"""Some thousand people, and what a second clinic could have written down of them: the same on every
run. Names follow Zipf's law, as names do, and couples, parents, children and twins share what such
people share."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

Resource = dict[str, Any]
_STARTS = (
    "Ab Bel Cor Dan El Fer Gar Hol Is Jan Kel Lor Mar Nor Os Pet Quin Ros Stein Tor Ul Ver Wal Zim"
)
_ENDS = "a berg dorf en er ford gan is ke ler man mer ner o ov sen son ton vic well witz y"
_FAMILIES = [f"{start}{end}" for start in _STARTS.split() for end in _ENDS.split()]
_FEMALE = "Elizabeth Margaret Susan Maria Olga Greta Ines Clara Alma Edith Paula Ruth Nina Yvonne"
_MALE = "William Robert James Boris David Felix Hugo Thomas Oscar Simon Victor Konrad Emil Leon"
_BORN = ((1930, 2020), (1, 13), (1, 29))
MRN = "urn:oid:2.16.840.1.113883.19.5"


class Population:
    """People by id."""

    def __init__(self, seed: int, people: int) -> None:
        self._chance = Random(seed)
        self.people: dict[str, Resource] = {}
        while len(self.people) < people:
            self._household()

    def sample(self, some: int) -> list[Resource]:
        return self._chance.sample([*self.people.values()], some)

    def corrupted(self, one: Resource, kinds: int) -> Resource:
        """As somebody else would have written it: so many things are wrong or missing."""
        copy = deepcopy(one)
        del copy["id"]
        for kind in self._chance.sample(CORRUPTIONS, kinds):
            kind(copy, self._chance)
        return copy

    def _household(self) -> None:
        """One to four people of one name, address and phone: some a couple, some twins."""
        family, number = self._often(_FAMILIES), self._chance.randrange(10**7)
        shared: Resource = {
            "address": [
                {
                    "line": [f"{1 + number % 200} {self._often(_FAMILIES)} Street"],
                    "city": self._often(_FAMILIES) + "ville",
                    "postalCode": f"{number % 9000 + 1000}",
                }
            ],
            "telecom": [{"system": "phone", "value": f"+49 30 {number:07}"}],
        }
        born = self._day()
        for at in range(self._chance.choice((1, 1, 1, 2, 2, 3, 4))):
            born = born if at and self._chance.random() < 0.2 else self._day()
            self._person(family, born, shared)

    def _person(self, family: str, born: str, shared: Resource) -> None:
        gender = self._chance.choice(("female", "male"))
        names = (_FEMALE if gender == "female" else _MALE).split()
        given = self._chance.sample(names, self._chance.choice((1, 1, 2)))
        logical_id = f"p{len(self.people)}"
        self.people[logical_id] = {
            "resourceType": "Patient",
            "id": logical_id,
            "identifier": [{"system": MRN, "value": f"{self._chance.randrange(10**8):08}"}],
            "name": [{"family": family, "given": given}],
            "gender": gender,
            "birthDate": born,
            **deepcopy(shared),
        }

    def _often(self, some: list[str]) -> str:
        """The first ones of the list more often than the last."""
        return some[int(len(some) ** self._chance.random()) - 1]

    def _day(self) -> str:
        year, month, day = (self._chance.randrange(*span) for span in _BORN)
        return f"{year}-{month:02}-{day:02}"


# ---- what goes wrong ---------------------------------------------------------------------------


def _typo(text: str, chance: Random) -> str:
    """A letter is left out, doubled, another one, or changes places; of an initial none."""
    if len(text) < 3:
        return text
    at = chance.randrange(1, len(text) - 1)
    return chance.choice(
        (
            text[:at] + text[at + 1 :],
            text[:at] + text[at] + text[at:],
            text[:at] + chance.choice("aeinrst") + text[at + 1 :],
            text[:at] + text[at + 1] + text[at] + text[at + 2 :],
        )
    )


def _family(of: Resource, chance: Random) -> None:
    of["name"][0]["family"] = _typo(of["name"][0]["family"], chance)


def _married(of: Resource, chance: Random) -> None:
    born = of["name"][0]
    of["name"] = [{**born, "family": chance.choice(_FAMILIES)}, {**born, "use": "maiden"}]


def _given(of: Resource, chance: Random) -> None:
    given = of["name"][0]["given"]
    of["name"][0]["given"] = [_typo(given[0], chance), *given[1:]]


def _short(of: Resource, chance: Random) -> None:
    known = {"William": "Bill", "Robert": "Bob", "James": "Jim", "Elizabeth": "Liz"}
    first = of["name"][0]["given"][0]
    of["name"][0]["given"] = [known.get(first, first[0])]


def _turned(of: Resource, chance: Random) -> None:
    name = of["name"][0]
    of["name"] = [{"family": name["given"][0], "given": [name["family"]]}]


def _digit(of: Resource, chance: Random) -> None:
    born, at = of["birthDate"], chance.choice((3, 9))
    of["birthDate"] = f"{born[:at]}{int(born[at]) % 8 + 1}{born[at + 1 :]}"


def _day_and_month(of: Resource, chance: Random) -> None:
    year, month, day = of["birthDate"].split("-")
    if int(day) <= 12:
        of["birthDate"] = f"{year}-{day}-{month}"


def _moved(of: Resource, chance: Random) -> None:
    of["address"] = [{"line": ["1 New Road"], "city": "Elsewhere", "postalCode": "99999"}]
    of["telecom"] = [{"system": "phone", "value": f"+49 89 {chance.randrange(10**7):07}"}]


def _without(element: str) -> Callable[[Resource, Random], None]:
    def drop(of: Resource, chance: Random) -> None:
        of.pop(element, None)

    return drop


CORRUPTIONS = (
    _family,
    _married,
    _given,
    _short,
    _turned,
    _digit,
    _day_and_month,
    _moved,
    _without("address"),
    _without("telecom"),
    _without("gender"),
)
"""None of them adds or keeps an identifier on purpose: a test leaves those out first."""
