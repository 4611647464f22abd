"""`/metadata` itself: what the statement says, how it is asked for and kept (D15, D16; R4
`capabilitystatement.html`, `http.html#capabilities`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.capabilitystatement import CapabilityStatement

from resources import fhir_json, fhir_xml
from resources.fhir_json import Resource
from resources.validation import validate
from tests.capability.asked import Asked, asking
from tests.capability.test_agreement import agrees
from tests.serving import Served, assert_outcome, serving

XML = "application/fhir+xml"


async def statement(served: Served, query: str = "") -> dict[str, Any]:
    answer = await served.http.get(f"{served.base}/metadata{query}")
    assert answer.status_code == 200, answer.text[:300]
    return answer.json()


async def test_d15_the_statement_is_valid_in_both_forms(served: Served) -> None:
    """By our own rules, and by the models of fhir.resources."""
    answer = await served.http.get(f"{served.base}/metadata")
    said = fhir_json.parse(answer.content)
    assert isinstance(said, dict)
    advice = [each.message for each in validate(said, warnings=True)]
    assert [each for each in advice if "(dom-6)" not in each] == []
    CapabilityStatement.model_validate_json(answer.content)
    xml = await served.http.get(f"{served.base}/metadata", headers={"accept": XML})
    assert fhir_xml.parse(xml.content) == said


async def test_d15_what_the_statement_says_of_the_server(served: Served) -> None:
    said = await statement(served)
    rest = said["rest"][0]
    assert (said["resourceType"], said["status"], said["kind"]) == (
        "CapabilityStatement",
        "active",
        "instance",
    )
    assert said["implementation"]["url"] == served.base
    assert said["software"]["name"] == "fhir-server"
    assert said["fhirVersion"] == "4.0.1"
    assert said["format"] == ["application/fhir+json", XML, "json", "xml"]
    assert said["patchFormat"] == ["application/fhir+json", XML, "application/json-patch+json"]
    # R4: those that are supported in their entirety, profiles included.
    assert "implementationGuide" not in said
    assert (rest["mode"], rest["security"]["cors"]) == ("server", True)
    assert "access token" in rest["security"]["description"]
    assert [each.rpartition("/")[2] for each in rest["compartment"]] == [
        "device",
        "encounter",
        "patient",
        "practitioner",
        "relatedperson",
    ]
    for limit in ("25,000 entries", "67,108,864 bytes", "12,582,912", "64 objects", "32,768"):
        assert limit in rest["documentation"]
    for each in rest["resource"]:
        assert set(each["referencePolicy"]) == {"literal", "logical", "local"}


async def test_the_date_and_the_tag_change_with_the_content_alone(
    served: Served, database_name: str
) -> None:
    """Another worker on the same store says the same; one with another setting does not."""
    one = await served.http.get(f"{served.base}/metadata")
    again = await served.http.get(f"{served.base}/metadata")
    assert (one.content, one.headers["etag"]) == (again.content, again.headers["etag"])
    folder = served.settings.master_key_path.parent
    options: dict[str, Any] = {"base_url": served.root}
    async with serving(served.mongodb_uri, database_name, folder, **options) as worker:
        there = f"http://127.0.0.1:{worker.settings.port}/fhir/metadata"
        other = await worker.http.get(there)
        assert (other.content, other.headers["etag"]) == (one.content, one.headers["etag"])
    options |= {"max_depth": 32}
    async with serving(served.mongodb_uri, database_name, folder, **options) as changed:
        there = f"http://127.0.0.1:{changed.settings.port}/fhir/metadata"
        assert (await changed.http.get(there)).headers["etag"] != one.headers["etag"]


async def test_who_has_it_already_is_not_sent_it_again(served: Served) -> None:
    """R4 3.1.0.10: an ETag that changes with what is returned; RFC 9110 section 13.1.2."""
    place, tags = f"{served.base}/metadata", set[str]()
    for accept in ("application/fhir+json", XML):
        whole = await served.http.get(place, headers={"accept": accept})
        assert whole.headers["cache-control"] == "public, no-cache"
        assert whole.headers["vary"] == "accept, accept-encoding, origin"
        tag = whole.headers["etag"]
        for known in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
            headers = {"accept": accept, "if-none-match": known}
            kept = await served.http.get(place, headers=headers)
            assert (kept.status_code, kept.content) == (304, b"")
            assert kept.headers["etag"] == tag
        sent = {"accept": accept, "if-none-match": 'W/"other"'}
        assert (await served.http.get(place, headers=sent)).content == whole.content
        tags.add(tag)
    assert len(tags) == 2


async def test_a_part_of_it_may_be_asked_for(served: Served) -> None:
    """R4 3.1.0.10: `_summary` and `_elements`; `mode` is ignored, as is what is no parameter."""
    whole = await statement(served)
    for query in ("mode=full", "mode=normative", "mode=terminology", "_=1", "_summary=false"):
        assert await statement(served, f"?{query}") == whole
    summary = await statement(served, "?_summary=true")
    assert summary["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert all("searchParam" not in each for each in summary["rest"][0]["resource"])
    assert summary["rest"][0]["mode"] == "server"
    elements = await statement(served, "?_elements=software")
    assert elements["software"] == whole["software"]
    assert "rest" not in elements
    for wrong in ("_summary=count", "_summary=x", "_elements=x", "_format=x", "_pretty=x"):
        status = 406 if wrong.startswith("_format") else 400
        assert_outcome(await served.http.get(f"{served.base}/metadata?{wrong}"), status)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("", "GET, HEAD, OPTIONS, POST"),
        ("/metadata", "GET, HEAD, OPTIONS"),
        ("/.well-known/smart-configuration", "GET, HEAD, OPTIONS"),
        ("/Patient", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),
        ("/Patient/any", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("/Patient/any/_history/1", "GET, HEAD, OPTIONS"),
        ("/Patient/any/$meta-add", "OPTIONS, POST"),
    ],
)
async def test_options_tells_the_methods_of_an_address(
    served: Served, path: str, allowed: str
) -> None:
    """RFC 9110 sections 9.3.7 and 15.5.6: without a token, and a 405 to those with one."""
    place = f"{served.base}{path}"
    answer = await served.http.options(place)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["allow"] == allowed
    bearer = {"authorization": f"Bearer {await served.token('system/*.cruds')}"}
    refused = await served.http.request("PROPFIND", place, headers=bearer)
    assert_outcome(refused, 405)
    assert refused.headers["allow"] == allowed


async def test_f_settings_are_told_and_true(
    mongodb_uri: str, database_name: str, tmp_path: Path
) -> None:
    """Each setting that the statement tells of, the other way than by default."""
    options: dict[str, Any] = {
        "conditional_delete": "multiple",
        "skip_unchanged_updates": True,
        "search_strict": False,
        "max_bundle_entries": 5,
        "max_url_bytes": 2048,
        "search_default_count": 7,
        "organization_name": "Other & Co",
    }
    name = f"{database_name}_other"
    async with serving(mongodb_uri, name, tmp_path, **options) as other:
        said: Resource = await statement(other)
        assert said["publisher"] == "Other & Co"
        words = said["rest"][0]["documentation"]
        for told in ("5 entries", "2,048 bytes", "7 matches", "ignored", "1,000 resources"):
            assert told in words
        assert "makes no version" in words
        async with asking(other) as http:
            for listed in said["rest"][0]["resource"]:
                assert listed["conditionalDelete"] == "multiple"
                if listed["type"] in ("Basic", "Observation"):
                    await agrees(Asked(http, other.base, said, listed))
