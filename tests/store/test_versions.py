"""F1, F2, F4, F5: versions and their history, against a plain model."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_server.outcome import Category, FhirError
from fhir_server.store import FhirStore
from fhir_server.store.preconditions import ALWAYS, only
from resources.fhir_json import parse


def patient(family: str) -> dict[str, Any]:
    return {"resourceType": "Patient", "name": [{"family": family}]}


async def refusal(answer: Any) -> FhirError:
    with pytest.raises(FhirError) as refused:
        await answer
    return refused.value


async def test_f1_create_sets_id_and_meta_and_keeps_the_rest_of_meta(store: FhirStore) -> None:
    given = patient("Łukasz") | {
        "id": "not-this",
        "meta": {"versionId": "9", "source": "#a", "lastUpdated": "2000-01-01T00:00:00Z"},
    }
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    stored = await store.create("Patient", given)
    assert UUID(stored.logical_id).version == 4
    assert before <= stored.last_updated <= datetime.now(UTC)
    assert stored.last_updated.tzinfo is UTC
    resource = parse(stored.json)
    assert list(resource)[:3] == ["resourceType", "id", "meta"]
    assert resource["id"] == stored.logical_id
    assert resource["meta"] == {
        "versionId": "1",
        "lastUpdated": stored.last_updated.isoformat(timespec="milliseconds")[:-6] + "Z",
        "source": "#a",
    }
    assert resource["name"] == given["name"]
    assert await store.read("Patient", stored.logical_id) == stored
    assert (await store.read("Patient", stored.logical_id)).last_updated.tzinfo is UTC
    assert await store.vread("Patient", stored.logical_id, "1") == stored


@pytest.mark.parametrize("logical_id", ["", "a/b", "a_b", "ä", "x" * 65, "a b", "$op"])
async def test_an_id_that_is_none_is_refused(store: FhirStore, logical_id: str) -> None:
    update = store.update("Patient", logical_id, patient("A"))
    assert (await refusal(update)).category is Category.INVALID


async def test_a_taken_id_is_a_conflict(store: FhirStore) -> None:
    first = await store.create("Patient", patient("A"), logical_id=f"t-{uuid4()}")
    again = store.create("Patient", patient("B"), logical_id=first.logical_id)
    assert (await refusal(again)).category is Category.CONFLICT
    assert await store.read("Patient", first.logical_id) == first


@pytest.mark.parametrize("version", ["0", "01", "2", "-1", "x", "", "99999999999", "1.0", "١"])
async def test_f3_a_version_that_never_was(store: FhirStore, version: str) -> None:
    stored = await store.create("Patient", patient("A"))
    asked = store.vread("Patient", stored.logical_id, version)
    assert (await refusal(asked)).category is Category.NOT_FOUND


async def test_f2_deleted_is_gone_and_put_revives_with_a_higher_version(store: FhirStore) -> None:
    stored = await store.create("Patient", patient("A"))
    one = stored.logical_id
    marker = await store.delete("Patient", one)
    assert marker is not None
    assert (marker.version, marker.deleted, marker.json, marker.method) == (2, True, b"", "DELETE")
    assert await store.delete("Patient", one) is None
    for asked in (store.read("Patient", one), store.vread("Patient", one, "2")):
        assert (await refusal(asked)).category is Category.GONE
    assert await store.vread("Patient", one, "1") == stored
    revived = await store.update("Patient", one, patient("A"), skip_unchanged=True)
    assert (revived.created, revived.changed, revived.stored.version) == (True, True, 3)
    page = await store.history("Patient", one, count=10)
    assert page.versions == (revived.stored, marker, stored)
    assert page.total == 3


async def test_deleting_what_never_was_is_not_found(store: FhirStore) -> None:
    assert (await refusal(store.delete("Patient", "never"))).category is Category.NOT_FOUND


async def test_unchanged_content_makes_no_version_and_one_digit_does(store: FhirStore) -> None:
    one = f"t-{uuid4()}"
    body = b'{"resourceType":"Observation","valueQuantity":{"value":%s}}'
    for literal, version in ((b"1.0", 1), (b"1.0", 1), (b"1.00", 2), (b"1.00", 2), (b"1e0", 3)):
        result = await store.update("Observation", one, parse(body % literal), skip_unchanged=True)
        assert result.stored.version == version
        assert literal in result.stored.json
    again = await store.update("Observation", one, parse(body % b"1e0"))
    assert (again.changed, again.stored.version) == (True, 4)


async def test_f4_history_pages_join_and_since_and_count_are_kept(store: FhirStore) -> None:
    one = f"t-{uuid4()}"
    versions = [
        (await store.update("Patient", one, patient(f"v{number}"))).stored for number in range(7)
    ]
    collected = []
    before = None
    while True:
        page = await store.history("Patient", one, count=3, before=before)
        assert page.total == 7
        collected += page.versions
        before = page.next_before
        if before is None:
            break
    assert collected == versions[::-1]
    since = versions[4].last_updated
    wanted = [version for version in versions[::-1] if version.last_updated >= since]
    recent = await store.history("Patient", one, count=2, since=since)
    assert (list(recent.versions), recent.total) == (wanted[:2], len(wanted))
    late = await store.history("Patient", one, count=2, since=since + timedelta(days=1))
    assert (late.versions, late.total, late.next_before) == ((), 0, None)
    none = await store.history("Patient", one, count=0)
    assert (none.versions, none.total) == ((), 7)


# ---- against a model ---------------------------------------------------------------------------

IDS = ["a", "b"]


@dataclass
class Model:
    """The versions of each id, oldest first: content, or None for a deletion."""

    versions: dict[str, list[str | None]] = field(default_factory=dict)

    def put(self, one: str, content: str, if_match: int | None) -> int | Category:
        kept = self.versions.get(one, [])
        if if_match is not None and if_match != len(kept):
            return Category.PRECONDITION
        if if_match is not None and not kept:
            return Category.PRECONDITION
        self.versions.setdefault(one, []).append(content)
        return len(self.versions[one])

    def delete(self, one: str, if_match: int | None) -> int | Category | None:
        kept = self.versions.get(one)
        if kept is None:
            return Category.NOT_FOUND
        if if_match is not None and if_match != len(kept):
            return Category.PRECONDITION
        if kept[-1] is None:
            return None
        kept.append(None)
        return len(kept)


_steps = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "delete"]),
        st.sampled_from(IDS),
        st.text("xyz", min_size=1, max_size=2),
        st.none() | st.integers(0, 4),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(_steps)
async def test_f5_versions_are_those_of_the_model(store: FhirStore, steps: Any) -> None:
    model, run = Model(), uuid4().hex[:8]
    for kind, one, content, if_match in steps:
        condition = ALWAYS if if_match is None else only(if_match)
        here = f"{run}-{one}"
        if kind == "put":
            expected: Any = model.put(one, content, if_match)
            call: Any = store.update("Patient", here, patient(content), condition=condition)
        else:
            expected = model.delete(one, if_match)
            call = store.delete("Patient", here, condition=condition)
        if isinstance(expected, Category):
            assert (await refusal(call)).category is expected
        else:
            done = await call
            assert expected == (done and getattr(done, "stored", done).version)
    for one in IDS:
        await _same(store, f"{run}-{one}", model.versions.get(one, []))


async def _same(store: FhirStore, here: str, kept: list[str | None]) -> None:
    if not kept:
        assert (await refusal(store.read("Patient", here))).category is Category.NOT_FOUND
        history = store.history("Patient", here, count=1)
        assert (await refusal(history)).category is Category.NOT_FOUND
        return
    page = await store.history("Patient", here, count=100)
    assert [version.version for version in page.versions] == list(range(len(kept), 0, -1))
    instants = [version.last_updated for version in page.versions]
    assert instants == sorted(instants, reverse=True)
    for number, content in enumerate(kept, 1):
        asked = store.vread("Patient", here, str(number))
        if content is None:
            assert (await refusal(asked)).category is Category.GONE
            continue
        version = await asked
        assert parse(version.json)["name"] == [{"family": content}]
        assert parse(version.json)["meta"]["versionId"] == str(number)
    current = store.read("Patient", here)
    if kept[-1] is None:
        assert (await refusal(current)).category is Category.GONE
    else:
        assert (await current).version == len(kept)
