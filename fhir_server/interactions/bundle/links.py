"""What the links inside a bundle become (R4 `bundle.html#references`, `http.html#trules`)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from fhir_server.interactions.bundle.allowance import Allowance
from fhir_server.interactions.bundle.entries import Entry
from fhir_server.interactions.bundle.proposed import Proposed
from fhir_server.interactions.checked import localise
from fhir_server.outcome import Category, FhirError, error
from fhir_server.search.query import parse_criteria
from fhir_server.store import FhirStore
from resources.fhir_json import ARRAY, OBJECT, Resource
from resources.references import (
    Link,
    ParsedReference,
    ReferenceKind,
    parse_reference,
    references,
    rewrite,
)

SOME_VERSION: Final = "/_history/0"
"""Behind the `Type/id` of what a link names with a version, until that is known. Nothing has it."""
_OLD_VERSION: Final = re.compile(r"(.+)/_history/[A-Za-z0-9\-.]{1,64}")
_VERSION_WANTED: Final = "http://hl7.org/fhir/StructureDefinition/resolve-as-version-specific"


@dataclass(frozen=True, slots=True)
class Unresolved:
    """What of a resource's references is known only inside the transaction."""

    searches: bool = False
    """Some reference is a search."""
    versions: frozenset[str] = frozenset()
    """The `Type/id` in front of `SOME_VERSION`."""
    later: Sequence[tuple[Link, str]] = ()
    """Links to be put in their places after the resource was checked."""


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
        self._identities = frozenset(self._by_url.values())

    def resolve(self, entry: Entry, resource: Resource) -> Unresolved:
        """Rewrite the links of a resource in place; a `urn:uuid:` left over is an error.

        A version-specific link stays one, and its version is re-assigned once it is known.
        """
        base = _restful_base(entry)
        versions: set[str] = set()
        later: list[tuple[Link, str]] = []

        def target(text: str) -> str | None:
            found = self._by_url.get(text)
            if found is None and base is not None:
                # A relative reference is relative to the fullUrl of the entry that it stands in.
                found = self._by_url.get(f"{base}/{text}")
            return found

        def replacement(text: str) -> str | None:
            found = target(text)
            if found is not None or not (old := _OLD_VERSION.fullmatch(text)):
                return found
            if (found := target(old[1])) is None:
                return None
            versions.add(found)
            return found + SOME_VERSION

        found = rewrite(resource, replacement, later)
        localise(found, self._base_url)
        for link in found:
            if link.text.startswith("urn:"):
                raise _unknown(link)
            if link.text in self._identities and _wants_version(link):
                versions.add(link.text)
                link.replace(link.text + SOME_VERSION)
        searches = any("?" in link.text for link in found)
        return Unresolved(searches, frozenset(versions), later)


def _wants_version(link: Link) -> bool:
    """By the extension of later releases of FHIR, which may be used in R4 as well."""
    extensions: Any = link.element.get("extension")
    return isinstance(extensions, ARRAY) and any(
        isinstance(each, OBJECT)
        and each.get("url") == _VERSION_WANTED
        and each.get("valueBoolean") is True
        for each in cast(list[Any], extensions)
    )


def _unknown(link: Link) -> FhirError:
    text = f"No entry of the bundle has the fullUrl {link.text[:80]}."
    return error(Category.INVALID, text, link.path)


def _restful_base(entry: Entry) -> str | None:
    """What stands before `/Type/id` in an absolute fullUrl."""
    if entry.full_url is None:
        return None
    parsed = parse_reference(entry.full_url)
    return parsed.base


class ConditionalReferences:
    """Replaces `Practitioner?identifier=…` by the one match; each criterion is asked once.

    R4 3.1.0.11.3.1: "If there are no matches, or multiple matches, the transaction fails". What the
    caller cannot search, he cannot refer to in this way. What a transaction has not written yet
    is looked at as if it had.
    """

    def __init__(
        self, store: FhirStore, allowance: Allowance, proposed: Proposed | None = None
    ) -> None:
        self._store = store
        self._allowance = allowance
        self._proposed = proposed or Proposed(store.catalogue, ())
        self._known: dict[str, str] = {}
        self.targets: set[tuple[str, str]] = set()
        """Type and id of what was found in the store."""

    async def resolve(self, resource: Resource) -> None:
        """Rewrite the conditional references of a resource in place."""
        for link, parsed in conditional_references(resource):
            if link.text not in self._known:
                self._known[link.text] = await self._only_match(parsed, link.path)
            link.replace(self._known[link.text])

    async def _only_match(self, reference: ParsedReference, path: str) -> str:
        type_name = reference.type_name or ""
        expression = parse_criteria(self._store.catalogue, type_name, reference.criteria or "")
        replaced = self._proposed.replaced(type_name)
        with self._allowance.asking():
            found = await self._store.find(type_name, expression, limit=2 + len(replaced))
        stored = {one.logical_id for one in found} - replaced
        ids = stored | self._proposed.matches(type_name, expression).keys()
        if len(ids) != 1:
            raise _not_one(type_name, len(ids), path)
        self.targets |= {(type_name, one) for one in stored}
        return f"{type_name}/{ids.pop()}"


def conditional_references(resource: Resource) -> list[tuple[Link, ParsedReference]]:
    """Those of a resource that are searches."""
    found = [link for link in references(resource) if "?" in link.text]
    parsed = [(link, parse_reference(link.text)) for link in found]
    return [each for each in parsed if each[1].kind is ReferenceKind.CONDITIONAL]


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
