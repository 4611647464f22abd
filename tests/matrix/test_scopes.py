"""Z4, G1-G5, V1, N3: what a scope says is what it gives, in every interaction that it touches."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from smart_auth.registration import RegistrationError
from tests.matrix.callers import Kind, in_category, scope
from tests.matrix.probes.bundles import entry
from tests.matrix.rules import Resource, readable
from tests.matrix.world import STORED, Asker, World, entries, everything, ids
from tests.matrix.woven import CATEGORY, A, B


@pytest.mark.parametrize(
    ("v1", "v2"),
    [
        ("patient/*.read", "patient/*.rs"),
        ("patient/*.*", "patient/*.cruds"),
        ("user/*.read", "user/*.rs"),
    ],
)
async def test_n3_v1_gives_what_v2_gives(world: World, v1: str, v2: str) -> None:
    one, two = await world.patient(v1), await world.patient(v2)
    for type_name in STORED:
        old, new = [await each.get(f"{type_name}?_count=1000") for each in (one, two)]
        assert old.status_code == new.status_code
        if old.status_code == 200:
            assert entries(old) == entries(new)
        place = f"{type_name}/aaa-{type_name.lower()}"
        assert (await one.get(place)).content == (await two.get(place)).content


SUBJECT = "Observation?_id=aaa-lab&_include=Observation:subject"
BACK = f"Patient?_id={A}&_revinclude=Observation:subject"


@pytest.mark.parametrize(
    ("query", "more", "brought"),
    [
        (SUBJECT, "", False),
        (SUBJECT, "patient/Patient.r", True),
        (SUBJECT, "patient/Patient.s", True),
        (SUBJECT, "patient/Patient.cud", False),
        (SUBJECT, "patient/Patient.rs?family=zzz", False),
        (SUBJECT, "patient/Patient.rs?family=AAA-family", True),
        (BACK, "", False),
        (BACK, "patient/Observation.r", False),
        (BACK, "patient/Observation.s", True),
        (BACK, "patient/Observation.cud", False),
        (BACK, f"patient/Observation.rs?category={CATEGORY}|nothing", False),
    ],
)
async def test_z4_includes_obey_the_scopes_of_their_type(
    world: World, query: str, more: str, brought: bool
) -> None:
    """`_include` needs `r` or `s` of what it brings, `_revinclude` needs `s`."""
    first = query.partition("?")[0]
    asker = await world.patient(f"patient/{first}.rs", *more.split())
    answer = await asker.get(query)
    assert answer.status_code == 200
    world.clean(answer, query)
    assert bool(entries(answer, "include")) is brought


async def test_g3_includes_bring_what_meets_the_constraint(world: World) -> None:
    asker = await world.patient(
        "patient/Patient.rs", f"patient/Observation.rs?category={CATEGORY}|laboratory"
    )
    answer = await asker.get(f"Patient?_id={A}&_revinclude=Observation:subject")
    labs = in_category("laboratory")
    expected = [
        f"Observation/{one['id']}"
        for one in await world.current("Observation")
        if labs(one) and any(A in str(one.get(name)) for name in ("subject",)) and readable(one, A)
    ]
    assert entries(answer, "include") == sorted(expected)
    assert "Observation/aaa-lab" in expected


def _status(code: str) -> Callable[[Resource], bool]:
    return lambda resource: resource.get("status") == code


def _both(*parts: Callable[[Resource], bool]) -> Callable[[Resource], bool]:
    return lambda resource: all(part(resource) for part in parts)


LAB, VITAL = in_category("laboratory"), in_category("vital-signs")
CONSTRAINTS: dict[str, Callable[[Resource], bool]] = {
    f"category={CATEGORY}|laboratory": LAB,
    "category=laboratory": LAB,
    "category=laboratory,vital-signs": lambda resource: LAB(resource) or VITAL(resource),
    "category:not=laboratory": lambda resource: not LAB(resource),
    f"category={CATEGORY}|laboratory&status=amended": _both(LAB, _status("amended")),
    f"status=amended&category={CATEGORY}|vital-signs": _both(VITAL, _status("amended")),
    "category=laboratory&category=vital-signs": _both(LAB, VITAL),
    "_id=aaa-lab": lambda resource: resource["id"] == "aaa-lab",
    "_id=bbb-lab": lambda resource: resource["id"] == "bbb-lab",
    f"performer=Patient/{B}": lambda resource: f"Patient/{B}" in str(resource.get("performer")),
}


@pytest.mark.parametrize("constraint", CONSTRAINTS)
async def test_g2_g3_g5_a_granular_scope_gives_exactly_its_part(
    world: World, constraint: str
) -> None:
    granular = scope(f"patient/Observation.rs?{constraint}", CONSTRAINTS[constraint])
    await _exactly(world, Kind("granular", (granular,), A, f"Patient/{A}"))


async def test_g4_several_granular_scopes_are_a_union(world: World) -> None:
    parts = [f"category={CATEGORY}|laboratory", "_id=aaa-points-at-b", f"performer=Patient/{B}"]
    scopes = [scope(f"patient/Observation.rs?{each}", CONSTRAINTS.get(each)) for each in parts]
    scopes[1] = scope(scopes[1].text, lambda resource: resource["id"] == "aaa-points-at-b")
    asker = await _exactly(world, Kind("union", tuple(scopes), A, f"Patient/{A}"))
    found = ids(await everything(asker, "Observation"))
    assert {"aaa-lab", "aaa-points-at-b", "aaa-performed-by-b"} <= set(found)
    assert "aaa-vital" not in found


async def _exactly(world: World, kind: Kind) -> Asker:
    """Search, total, read, history and batch give what the plain rule gives, no more, no less."""
    asker = await world.caller(kind)
    stored = await world.current("Observation")
    reached = [one for one in stored if kind.reaches("s", one)]
    assert ids(await everything(asker, "Observation?_count=2")) == ids(reached)
    counted = await asker.get("Observation?_total=accurate&_count=0")
    assert counted.json()["total"] == len(reached)
    narrowed = await everything(asker, "Observation?category=vital-signs")
    assert ids(narrowed) == ids([one for one in reached if VITAL(one)])
    gets: list[Resource] = []
    for one in stored:
        place = f"Observation/{one['id']}"
        status = 200 if one in reached else 404
        for tail in ("", f"/_history/{one['meta']['versionId']}"):
            answer = await asker.get(place + tail)
            assert answer.status_code == status, place + tail
            world.clean(answer, place)
        gets.append(entry("GET", place))
    answer = await asker("POST", "", {"resourceType": "Bundle", "type": "batch", "entry": gets})
    got = [one["response"]["status"][:3] == "200" for one in answer.json()["entry"]]
    assert got == [one in reached for one in stored]
    for type_name in ("Patient", "Condition"):
        assert (await asker.get(type_name)).status_code == 403
    return asker


@pytest.mark.parametrize(
    "constraint",
    [
        "nonsense=1",
        "category=",
        "category",
        "category:bogus=x",
        "_count=5",
        "_sort=_id",
        "_include=Observation:subject",
        "_total=accurate",
        "subject.family=x",
        "_has:Observation:subject:code=x",
        "category=laboratory&nonsense=1",
        "category=laboratory&_summary=true",
        "date=yesterday",
        "&",
    ],
)
async def test_g5_what_cannot_be_held_to_gives_nothing(world: World, constraint: str) -> None:
    """Even where a token carries it (the authorization server grants none)."""
    asker = await world.patient(f"patient/Observation.cruds?{constraint}")
    for path in ("Observation", "Observation/aaa-lab", "Observation/aaa-lab/_history"):
        answer = await asker.get(path)
        assert answer.status_code == 403, f"{path}: {answer.text[:200]}"
    assert (await asker("DELETE", "Observation/aaa-lab")).status_code == 403
    made = await asker("POST", "Observation", (await world.a.get("Observation/aaa-lab")).json())
    assert made.status_code == 403


async def test_g5_a_constraint_on_all_types_speaks_for_those_that_have_it(world: World) -> None:
    asker = await world.patient(f"patient/*.rs?category={CATEGORY}|laboratory")
    for type_name in ("Patient", "Encounter", "Provenance", "Organization"):
        assert (await asker.get(type_name)).status_code == 403
    for type_name in ("Observation", "Condition"):
        found = await everything(asker, type_name)
        stored = await world.current(type_name)
        assert ids(found) == ids([one for one in stored if LAB(one) and readable(one, A)])


async def test_v1_each_context_has_a_reach_of_its_own(world: World) -> None:
    """patient/ reaches A, the patient in context; user/ reaches B, the user."""
    both = Kind(
        "mixed", (scope("patient/Observation.rs"), scope("user/Condition.rs")), A, f"Patient/{B}"
    )
    asker = await world.caller(both)
    for type_name, patient in (("Observation", A), ("Condition", B)):
        stored = await world.current(type_name)
        found = await everything(asker, f"{type_name}?_count=5")
        assert ids(found) == ids([one for one in stored if readable(one, patient)])
        for one in stored:
            answer = await asker.get(f"{type_name}/{one['id']}")
            assert answer.status_code == (200 if readable(one, patient) else 404)


@pytest.mark.parametrize(
    "text",
    ["patient/Observation.rs?", "patient/observation.rs", "patient/Observation.sr", "patient/*",
     "patient/Observation.read?category=x", "Patient/Observation.rs", "patient/Observation."],
)  # fmt: skip
async def test_z1_undefined_scopes_are_not_minted(world: World, text: str) -> None:
    with pytest.raises(RegistrationError):
        await world.served.token(text, A)


async def test_v4_a_patient_scope_needs_a_patient(world: World) -> None:
    for text in ("patient/*.rs", "launch/patient"):
        with pytest.raises(RegistrationError):
            await world.served.token(text)
    nobody = await world.caller(Kind("gone", (scope("patient/*.cruds"),), "zzz-nobody"))
    for type_name in STORED:
        answer = await nobody.get(f"{type_name}?_count=1000")
        stored = await world.current(type_name)
        assert entries(answer) == sorted(
            f"{type_name}/{one['id']}" for one in stored if readable(one, "zzz-nobody")
        )
