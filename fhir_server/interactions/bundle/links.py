"""What the links inside a bundle become (R4 `bundle.html#references`, `http.html#trules`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fhir_server.interactions.bundle.allowance import Allowance
from fhir_server.interactions.bundle.entries import Entry
from fhir_server.interactions.checked import localise
from fhir_server.outcome import Category, FhirError, error
from fhir_server.search.query import parse_criteria
from fhir_server.store import FhirStore
from resources.fhir_json import Resource
from resources.references import (
    ParsedReference,
    ReferenceKind,
    parse_reference,
    references,
    rewrite,
)


class BundleLinks:
    """`fullUrl` to `Type/id` for every entry that has both."""

    def __init__(
        self, identities: Mapping[int, str], entries: Sequence[Entry], base_url: str
    ) -> None:
        self._base_url = base_url
        self._by_url = {
            entry.full_url: identities[entry.index]
            for entry in entries
            if entry.full_url is not None and entry.index in identities
        }

    def resolve(self, entry: Entry, resource: Resource) -> bool:
        """Rewrite the links of a resource in place; a `urn:uuid:` left over is an error.

        True where a reference is a search, which only a transaction can resolve.
        """
        base = _restful_base(entry)

        def replacement(text: str) -> str | None:
            found = self._by_url.get(text)
            if found is None and base is not None:
                # A relative reference is relative to the fullUrl of the entry that it stands in.
                found = self._by_url.get(f"{base}/{text}")
            return found

        found = rewrite(resource, replacement)
        localise(found, self._base_url)
        for link in found:
            if link.text.startswith("urn:"):
                raise error(
                    Category.INVALID,
                    f"No entry of the bundle has the fullUrl {link.text[:80]}.",
                    link.path,
                )
        return any("?" in link.text for link in found)


def _restful_base(entry: Entry) -> str | None:
    """What stands before `/Type/id` in an absolute fullUrl."""
    if entry.full_url is None:
        return None
    parsed = parse_reference(entry.full_url)
    return parsed.base


class ConditionalReferences:
    """Replaces `Practitioner?identifier=…` by the one match; each criterion is asked once.

    R4 3.1.0.11.3.1: "If there are no matches, or multiple matches, the transaction fails". What the
    caller cannot search, he cannot refer to in this way.
    """

    def __init__(self, store: FhirStore, allowance: Allowance) -> None:
        self._store = store
        self._allowance = allowance
        self._known: dict[str, str] = {}

    async def resolve(self, resource: Resource) -> None:
        """Rewrite the conditional references of a resource in place."""
        for link in references(resource):
            if "?" not in link.text:
                continue
            parsed = parse_reference(link.text)
            if parsed.kind is not ReferenceKind.CONDITIONAL:
                continue
            if link.text not in self._known:
                self._known[link.text] = await self._only_match(parsed, link.path)
            link.replace(self._known[link.text])

    async def _only_match(self, reference: ParsedReference, path: str) -> str:
        type_name = reference.type_name or ""
        expression = parse_criteria(self._store.catalogue, type_name, reference.criteria or "")
        with self._allowance.asking():
            found = await self._store.find(type_name, expression, limit=2)
        if len(found) == 1:
            return f"{type_name}/{found[0].logical_id}"
        raise _not_one(type_name, len(found), path)


def _not_one(type_name: str, matches: int, path: str) -> FhirError:
    if matches == 0:
        return error(
            Category.BUSINESS_RULE, f"The conditional reference matches no {type_name}.", path
        )
    return error(
        Category.MULTIPLE_MATCHES,
        f"The conditional reference matches more than one {type_name}.",
        path,
    )
