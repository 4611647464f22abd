"""A record of Patients in plain Python, and transactions on it one step after the other.

It says what R4 `http.html#trules` says, with nothing but lists and loops: every version of every
Patient is a `Content`, or None where it was deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace


class Refused(Exception):
    """The transaction fails, and nothing of it is there."""


@dataclass(frozen=True)
class Content:
    """As much of a Patient as tells versions apart, is found by criteria and refers to others."""

    number: int
    values: tuple[str, ...] = ()
    """Of its identifiers."""
    link: str | None = None
    """Id of another Patient."""


@dataclass(frozen=True)
class Asked:
    """One entry. What it names it names by an id, or by the value of an identifier."""

    method: str
    one: str | None = None
    value: str | None = None
    number: int = 0
    values: tuple[str, ...] = ()
    to_entry: int | None = None
    """Its resource refers to what this entry is about, by its fullUrl."""
    to_value: str | None = None
    """Its resource refers to the one Patient with this identifier."""
    if_match: int | None = None
    broken: bool = False
    """Its resource is not valid."""


@dataclass
class Told:
    """What an entry of the response says."""

    status: int
    one: str | None = None
    version: int | None = None
    found: frozenset[str] = frozenset()


Histories = dict[str, list[Content | None]]


@dataclass
class Record:
    """Everybody's versions, the oldest first."""

    histories: Histories = field(default_factory=dict[str, "list[Content | None]"])

    def current(self, one: str) -> Content | None:
        versions = self.histories.get(one)
        return versions[-1] if versions else None

    def having(self, value: str) -> list[str]:
        return [
            one
            for one, versions in self.histories.items()
            if versions[-1] is not None and value in versions[-1].values
        ]

    def add(self, one: str, content: Content | None) -> int:
        self.histories.setdefault(one, []).append(content)
        return len(self.histories[one])


def apply(
    before: Record, entries: Sequence[Asked], name: Callable[[int], str]
) -> tuple[Record, list[Told]]:
    """The record afterwards and what is told of each entry; `name` gives ids to what is new."""
    return _Transaction(before, entries, name).run()


class _Transaction:
    def __init__(
        self, before: Record, entries: Sequence[Asked], name: Callable[[int], str]
    ) -> None:
        self.record = Record({one: list(old) for one, old in before.histories.items()})
        self.entries, self.name = entries, name
        self.told: dict[int, Told] = {}
        self.written: set[str] = set()
        self.created: set[str] = set()
        self.about: dict[int, str] = {}
        """By entry, the id that a link to it means."""

    def run(self) -> tuple[Record, list[Told]]:
        if any(asked.broken for asked in self.entries):
            raise Refused
        removing = [(index, self.to_remove(asked)) for index, asked in self.of("DELETE")]
        for index, ids in removing:
            self.delete(index, ids)
        creates = sorted(self.of("POST"), key=lambda each: each[1].value is not None)
        for index, asked in creates:
            if asked.value is None:
                self.put_new(index)
            else:
                self.create_unless_there(index, asked.value)
        changing = self.of("PUT", "PATCH")
        targets = {index: self.target(asked) for index, asked in changing}
        self.check_apart(targets)
        for index, asked in changing:
            self.change(index, asked, targets[index])
        for index, asked in enumerate(self.entries):
            self.link(index, asked)
        for index, asked in self.of("GET"):
            self.read(index, asked)
        return self.record, [self.told[index] for index in range(len(self.entries))]

    def of(self, *methods: str) -> list[tuple[int, Asked]]:
        return [(i, asked) for i, asked in enumerate(self.entries) if asked.method in methods]

    def once(self, one: str) -> None:
        if one in self.written:
            raise Refused
        self.written.add(one)

    def expect(self, one: str, asked: Asked) -> None:
        if asked.if_match not in (None, len(self.record.histories.get(one, ())) or None):
            raise Refused

    def to_remove(self, asked: Asked) -> list[str]:
        if asked.value is not None:
            found = self.record.having(asked.value)
            if len(found) > 1:
                raise Refused
            return found
        one = str(asked.one)
        if one not in self.record.histories:
            raise Refused
        self.expect(one, asked)
        return [one]

    def delete(self, index: int, ids: list[str]) -> None:
        for one in ids:
            self.once(one)
            if self.record.current(one) is not None:
                self.record.add(one, None)
        self.told[index] = Told(204)

    def put_new(self, index: int) -> None:
        one, asked = self.name(index), self.entries[index]
        self.record.add(one, Content(asked.number, asked.values))
        self.created.add(one)
        self.about[index] = one
        self.told[index] = Told(201, one, 1)

    def create_unless_there(self, index: int, value: str) -> None:
        found = self.record.having(value)
        if len(found) > 1:
            raise Refused
        if not found:
            self.put_new(index)
            return
        self.about[index] = found[0]
        self.told[index] = Told(200, found[0], len(self.record.histories[found[0]]))

    def target(self, asked: Asked) -> str | None:
        """What is to be changed, judged before anything is; None where nothing is there."""
        if asked.value is None:
            return str(asked.one)
        found = self.record.having(asked.value)
        if len(found) > 1 or (found and found[0] in self.created):
            raise Refused
        if not found and (asked.method == "PATCH" or asked.if_match is not None):
            raise Refused
        return found[0] if found else None

    def check_apart(self, targets: dict[int, str | None]) -> None:
        """What one PUT makes, no criteria of another may select."""
        for index, target in targets.items():
            for other, criteria in ((other, self.entries[other].value) for other in targets):
                if target is None and other != index and criteria in self.entries[index].values:
                    raise Refused

    def change(self, index: int, asked: Asked, one: str | None) -> None:
        if one is None:
            self.put_new(index)
            return
        self.once(one)
        self.expect(one, asked)
        old = self.record.current(one)
        if asked.method == "PATCH":
            if old is None:
                raise Refused
            new = replace(old, number=asked.number)
        else:
            new = Content(asked.number, asked.values)
        self.about[index] = one
        version = self.record.add(one, new)
        self.told[index] = Told(201 if old is None else 200, one, version)

    def link(self, index: int, asked: Asked) -> None:
        """The last step, so that searches find what this transaction has made."""
        if self.told.get(index) is None or asked.method not in ("POST", "PUT"):
            return
        wrote = self.about[index] in self.created or asked.method == "PUT"
        twin = asked.method == "POST" and self.told[index].status == 200
        if not wrote or twin:
            return
        if asked.to_entry is not None:
            self.point(index, self.about[asked.to_entry])
        elif asked.to_value is not None:
            found = self.record.having(asked.to_value)
            if len(found) != 1:
                raise Refused
            self.point(index, found[0])

    def point(self, index: int, to: str) -> None:
        versions = self.record.histories[self.about[index]]
        old = versions[-1]
        assert old is not None
        versions[-1] = replace(old, link=to)

    def read(self, index: int, asked: Asked) -> None:
        if asked.value is not None:
            self.told[index] = Told(200, found=frozenset(self.record.having(asked.value)))
        elif self.record.current(str(asked.one)) is None:
            raise Refused
        else:
            version = len(self.record.histories[str(asked.one)])
            self.told[index] = Told(200, asked.one, version)
