"""Invariants of Bundle (R4 `bundle.html`)."""

from __future__ import annotations

from typing import Final

from resources.fhir_json import Resource
from resources.validation.members import child, children, has, text
from resources.validation.problem import Run

_ASKING: Final = ("batch", "transaction", "history")
_ANSWERING: Final = ("batch-response", "transaction-response", "history")


def bundle_total(members: Resource, _: Run) -> bool:
    return not has(members, "total") or members.get("type") in ("searchset", "history")


def bundle_search(members: Resource, _: Run) -> bool:
    if members.get("type") == "searchset":
        return True
    return not any(has(entry, "search") for entry in children(members, "entry"))


def bundle_requests(members: Resource, _: Run) -> bool:
    wanted = members.get("type") in _ASKING
    return all(has(entry, "request") == wanted for entry in children(members, "entry"))


def bundle_responses(members: Resource, _: Run) -> bool:
    wanted = members.get("type") in _ANSWERING
    return all(has(entry, "response") == wanted for entry in children(members, "entry"))


def bundle_full_urls(members: Resource, _: Run) -> bool:
    if members.get("type") == "history":
        return True
    seen = [
        (url, text(child(child(entry, "resource"), "meta"), "versionId"))
        for entry in children(members, "entry")
        if (url := text(entry, "fullUrl")) is not None
    ]
    return len(seen) == len(set(seen))


def full_url_unversioned(members: Resource, _: Run) -> bool:
    return "/_history/" not in (text(members, "fullUrl") or "")


def document_identifier(members: Resource, _: Run) -> bool:
    identifier = child(members, "identifier")
    whole = has(identifier, "system") and has(identifier, "value")
    return members.get("type") != "document" or whole


def document_timestamp(members: Resource, _: Run) -> bool:
    return members.get("type") != "document" or "timestamp" in members


def document_first(members: Resource, _: Run) -> bool:
    return members.get("type") != "document" or _first_type(members) == "Composition"


def message_first(members: Resource, _: Run) -> bool:
    return members.get("type") != "message" or _first_type(members) == "MessageHeader"


def _first_type(members: Resource) -> str | None:
    entries = children(members, "entry")
    return text(child(entries[0], "resource"), "resourceType") if entries else None
