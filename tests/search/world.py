"""Random index entries and expressions over few values, so that they meet each other often."""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import strategies as st

from fhir_server.search import keys
from fhir_server.search.amounts import HIGHEST, LOWEST, after, before
from fhir_server.search.expression import (
    DateTest,
    Everything,
    Expression,
    Focus,
    HasWord,
    Ids,
    IndexEntry,
    Key,
    KeyAmong,
    KeyContains,
    KeyEnds,
    KeyOther,
    KeyPrefix,
    LastUpdated,
    Member,
    Near,
    NoMember,
    Not,
    Nothing,
    OnlyMember,
    Place,
    Prefix,
    Present,
    RangeTest,
    Scalar,
    Span,
    Stretch,
    TextStart,
    Together,
    conjunction,
    disjunction,
)
from fhir_server.search.folding import PAIRS, folds
from fhir_server.search.relations import EARLIEST, LATEST

PATIENTS = [f"p{number}" for number in range(6)]
MAIN = {"Observation": "date", "Device": "none", "Patient": "birthdate"}
LONG = "long " * 60
NAMES = ["ann", "anna", "annabel", "bob", "", "an\x1e1n", "ann smith", LONG + "x", LONG + "y"]
CODES = ["a", "b", "c", "d"]
_CODED = {
    "Observation": ("category", "code"),
    "Device": ("type", "status"),
    "Patient": ("a", "b"),
}
WORDS = ["liver", "bone", "of", "2"]
MOMENT = 500
DAY = 86_400_000_000
AMOUNTS = [Decimal(each) for each in ("-1.5", "-1", "0", "0.5", "1", "2", "10")]
PLACES = [Place(0, 0), Place(0, 1), Place(179.5, -17), Place(-179.5, -17), Place(10, 90)]
SCALES = ["", "|mg", "=g"]


@dataclass(frozen=True, slots=True)
class World:
    """The entries of one type."""

    type_name: str
    entries: tuple[IndexEntry, ...]


def world(type_name: str, size: int, seed: int) -> World:
    chance = random.Random(seed)
    return World(type_name, tuple(_entry(type_name, number, chance) for number in range(size)))


def _entry(type_name: str, number: int, chance: random.Random) -> IndexEntry:
    members = frozenset(chance.sample(PATIENTS, chance.choice((0, 1, 1, 1, 2))))
    if type_name == "Device" and chance.random() < 0.1:
        members |= {f"other{each}" for each in range(30)}
    spans = tuple(_span(chance) for _ in range(chance.choice((0, 1, 2))))
    name = chance.choice(NAMES)
    sort: dict[str, tuple[Scalar, Scalar]] = {"issued": _sort(spans)} if spans else {}
    if chance.random() < 0.7:
        sort["name"] = (name, name + "z" * chance.randrange(2))
    return IndexEntry(
        logical_id=f"i{chance.randrange(10**6)}-{number}",
        last_updated=chance.randrange(20) * 1000,
        members=members,
        keys=_keys(type_name, members, name, chance),
        spans={"issued": spans} if spans else {},
        present=frozenset(each for each in ("status", "issued") if chance.random() < 0.5),
        sort=sort,
        main_date=_main(type_name, chance) if chance.random() < 0.8 else None,
        foldable=folds(type_name, len(members)),
        ranges=_ranges(chance),
        composites=_composites(chance),
        place=chance.choice((None, *PLACES)),
        texts={"code": frozenset((name,))} if name and chance.random() < 0.5 else {},
        words={"_text": frozenset(chance.sample(WORDS, chance.choice((1, 2))))},
    )


def _ranges(chance: random.Random) -> dict[str, tuple[Stretch, ...]]:
    found = tuple(_stretch(chance) for _ in range(chance.choice((0, 1, 2))))
    plain = tuple(Stretch(one.start, one.end) for one in found)
    return {"amount": plain, "dose": found} if found else {}


def _composites(chance: random.Random) -> dict[str, tuple[Focus, ...]]:
    found = tuple(_focus(chance) for _ in range(chance.choice((0, 1, 2))))
    return {"code-amount": found} if found else {}


def _focus(chance: random.Random) -> Focus:
    names = chance.sample(NAMES, chance.choice((0, 1, 2)))
    held = {keys.key("0", keys.FOLDED, name) for name in names if name}
    held.add(keys.key("0", keys.CODE, chance.choice(CODES)))
    spans = {"1": (_span(chance),)} if chance.random() < 0.5 else {}
    return Focus(frozenset(held), spans, {"1": (_stretch(chance),)})


def _stretch(chance: random.Random) -> Stretch:
    low = chance.choice(AMOUNTS)
    high = low + chance.choice((0, 0, Decimal("0.5"), 3))
    start = LOWEST if chance.random() < 0.1 else chance.choice((before, after))(low)
    end = HIGHEST if chance.random() < 0.1 else after(high)
    return Stretch(start, end, tuple(chance.sample(SCALES, chance.choice((0, 1, 2)))))


def _sort(spans: tuple[Span, ...]) -> tuple[int, int]:
    return min(span.start for span in spans), max(span.start for span in spans)


def _main(type_name: str, chance: random.Random) -> Span:
    """A Patient's is a date, which is a year at most."""
    found = _span(chance)
    if type_name != "Patient":
        return found
    start = max(found.start, 0)
    return Span(start, min(found.end, start + 366 * DAY))


def _span(chance: random.Random) -> Span:
    start = chance.randrange(12) * DAY
    end = start + chance.choice((1, DAY, DAY, DAY + 1, 5 * DAY, 366 * DAY, 400 * DAY))
    return Span(
        EARLIEST if chance.random() < 0.05 else start, LATEST if chance.random() < 0.05 else end
    )


def _keys(
    type_name: str, members: frozenset[str], name: str, chance: random.Random
) -> frozenset[str]:
    first, second = _CODED[type_name]
    found: set[str] = set()
    values: dict[str, list[str]] = {}
    for parameter in (first, second):
        values[parameter] = chance.sample(CODES, chance.choice((0, 1, 1, 2)))
        for code in values[parameter]:
            found.add(keys.key(parameter, keys.CODE, code))
            system = chance.choice(("", "s"))
            found.add(keys.key(parameter, keys.SYSTEM_CODE, f"{system}\x1f{code}"))
    if (first, second) in PAIRS.get(type_name, ()):
        found |= {
            keys.pair(f"{first}+{second}", a, b) for a in values[first] for b in values[second]
        }
    for each in {name, chance.choice(NAMES)} - {""}:
        found.add(keys.key("name", keys.FOLDED, each))
        found.add(keys.key("name", keys.EXACT, each))
    found |= {keys.key("_content", keys.WORD, word) for word in chance.sample(WORDS, 2)}
    subject = next(iter(sorted(members)), None)
    if type_name == "Observation" and subject and chance.random() < 0.8:
        found.add(keys.key("patient", keys.REFERENCE, f"Patient/{subject}"))
        found.add(keys.key("subject", keys.REFERENCE, f"Patient/{subject}"))
    if chance.random() < 0.3:
        target = f"Patient/{chance.choice(PATIENTS)}"
        found.add(keys.key("performer", keys.REFERENCE, target))
    return frozenset(found)


# ---- expressions -------------------------------------------------------------------------------

_spans = st.builds(
    lambda start, length: Span(start, start + length),
    st.builds(
        lambda day, more: day * DAY + more,
        st.one_of(st.integers(-1, 14), st.integers(360, 415)),
        st.sampled_from((-1, 0, 0, 1, DAY // 2)),
    ),
    st.sampled_from((1, DAY // 2, DAY, 3 * DAY, 365 * DAY)),
)
_moments = st.builds(
    lambda start, length: Span(start, start + length),
    st.integers(-1, 28).map(lambda each: each * MOMENT),
    st.sampled_from((1, MOMENT, 2 * MOMENT, 6 * MOMENT)),
)
_patients = st.frozensets(st.sampled_from(PATIENTS), min_size=1, max_size=3)


def _among(parameter: str, patients: set[str], absent: int) -> KeyAmong:
    """What a chain leads to, most of which nothing refers to."""
    everybody = (*patients, *(f"absent{number}" for number in range(absent)))
    start = keys.key(parameter, keys.REFERENCE, "Patient/")
    return KeyAmong(frozenset(start + each for each in everybody))


_in_focus: st.SearchStrategy[Expression] = st.one_of(
    st.builds(lambda code: Key(keys.key("0", keys.CODE, code)), st.sampled_from(CODES)),
    st.builds(
        lambda text: KeyPrefix(keys.key("0", keys.FOLDED, text)),
        st.sampled_from(("a", "ann", LONG)),
    ),
    st.builds(lambda p, s: DateTest("1", p, s), st.sampled_from(list(Prefix)), _spans),
    st.builds(
        lambda p, low, of: RangeTest("1", p, before(low), after(low), of),
        st.sampled_from(list(Prefix)),
        st.sampled_from(AMOUNTS),
        st.sampled_from((None, *SCALES)),
    ),
)
_either = st.lists(_in_focus, min_size=1, max_size=2).map(lambda some: disjunction(*some))


def _leaves(of: World) -> st.SearchStrategy[Expression]:
    first, second = _CODED[of.type_name]
    parameter = st.sampled_from((first, second))
    code = st.sampled_from(CODES)
    text = st.sampled_from((*NAMES, "a", "anna", LONG, "nn", "9")).filter(bool)
    ids = st.sampled_from([entry.logical_id for entry in of.entries])
    refers = st.sampled_from(("patient", "subject", "performer"))
    return st.one_of(
        st.builds(lambda p, c: Key(keys.key(p, keys.CODE, c)), parameter, code),
        st.builds(
            lambda p, c, s: Key(keys.key(p, keys.SYSTEM_CODE, f"{s}\x1f{c}")),
            parameter,
            code,
            st.sampled_from(("", "s")),
        ),
        st.builds(lambda p, s: KeyPrefix(keys.key(p, keys.SYSTEM_CODE, s + "\x1f")), parameter,
                  st.sampled_from(("", "s"))),
        st.builds(lambda p, who: Key(keys.key(p, keys.REFERENCE, f"Patient/{who}")), refers,
                  st.sampled_from(PATIENTS)),
        st.builds(_among, refers, st.sets(st.sampled_from(PATIENTS)),
                  st.sampled_from((1, 70, 300))),
        st.builds(lambda t: KeyPrefix(keys.key("name", keys.FOLDED, t)), text),
        st.builds(lambda t: Key(keys.key("name", keys.EXACT, t)), text),
        st.builds(lambda t: KeyContains(keys.key("name", keys.FOLDED, ""), t), text),
        main_dates(of),
        st.builds(lambda t: KeyEnds(keys.key("name", keys.FOLDED, ""), t), text),
        st.builds(
            lambda p, c, some: KeyOther(
                keys.key(p, keys.SYSTEM_CODE, ""),
                frozenset(keys.key(p, keys.SYSTEM_CODE, f"s\x1f{each}") for each in c),
                some,
            ),
            parameter,
            st.sets(code),
            st.sampled_from(((), (keys.key(first, keys.SYSTEM_CODE, "\x1f"),))),
        ),
        st.builds(
            lambda t: KeyOther(
                keys.key("name", keys.FOLDED, ""), frozenset((keys.key("name", keys.FOLDED, t),))
            ),
            text,
        ),
        st.builds(HasWord, st.just("_text"), st.sampled_from(WORDS)),
        st.builds(lambda w: Key(keys.key("_content", keys.WORD, w)), st.sampled_from(WORDS)),
        st.builds(lambda p, s: DateTest("issued", p, s), st.sampled_from(list(Prefix)), _spans),
        st.builds(
            lambda p, low, more, of: RangeTest(
                "amount" if of is None else "dose", p, before(low), after(low + more), of
            ),
            st.sampled_from(list(Prefix)),
            st.sampled_from(AMOUNTS),
            st.sampled_from((Decimal(0), Decimal(1))),
            st.sampled_from((None, *SCALES)),
        ),
        st.builds(
            lambda parts: Together("code-amount", tuple(parts)),
            st.lists(_either, min_size=1, max_size=2),
        ),
        st.builds(lambda t: TextStart("code", t), text),
        st.builds(
            lambda at, radians: Near("near", at, radians),
            st.sampled_from(PLACES),
            st.sampled_from((0.0001, 0.017, 0.02, 1.5, 3.0)),
        ),
        st.builds(LastUpdated, st.sampled_from(list(Prefix)), _moments),
        st.builds(Ids, st.frozensets(ids, max_size=4)),
        st.builds(Present, st.sampled_from(("status", "issued"))),
        st.builds(Member, _patients),
        st.builds(OnlyMember, _patients),
        st.just(NoMember()),
        st.just(Everything()),
    )  # fmt: skip


def main_dates(of: World) -> st.SearchStrategy[Expression]:
    return st.builds(
        lambda prefix, span: DateTest(MAIN[of.type_name], prefix, span, main=True),
        st.sampled_from(list(Prefix)),
        _spans,
    )


def dated(of: World) -> st.SearchStrategy[Expression]:
    """One to three conditions on the main date, perhaps with choices, and perhaps a key."""
    choices = st.lists(main_dates(of), min_size=1, max_size=3).map(lambda some: disjunction(*some))
    coded = st.builds(
        lambda code: Key(keys.key(_CODED[of.type_name][0], keys.CODE, code)),
        st.sampled_from(CODES),
    )
    return st.builds(
        lambda dates, key: conjunction(*dates, key),
        st.lists(st.one_of(main_dates(of), choices), min_size=1, max_size=3),
        st.one_of(st.just(Everything()), coded),
    )


def expressions(of: World) -> st.SearchStrategy[Expression]:
    return st.recursive(
        _leaves(of),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda parts: conjunction(*parts)),
            st.lists(inner, max_size=3).map(lambda parts: disjunction(*parts)),
            inner.map(Not),
        ),
        max_leaves=6,
    )


def policies(of: World) -> st.SearchStrategy[Expression]:
    own = _patients.map(Member)
    return st.one_of(
        st.just(Everything()),
        st.just(Nothing()),
        st.sampled_from(PATIENTS).map(lambda each: Member(frozenset((each,)))),
        own,
        own.map(lambda mine: disjunction(mine, NoMember())),
        st.tuples(own, _leaves(of)).map(lambda both: conjunction(*both)),
        st.tuples(own, _leaves(of), _leaves(of)).map(
            lambda three: disjunction(
                conjunction(three[0], three[1]), conjunction(three[0], three[2])
            )
        ),
    )
