"""Canonical references: by URL, and perhaps by version (R4 `references.html#canonical`).

One without a version is to any resource of that URL; it has a key that ends with the bar, so that
it is told from one to a version, of which the URL alone is a key as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from fhir_server.search import keys
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.expression import Expression, Key, conjunction
from fhir_server.search.joins import one_of

_URL: Final = keys.key("url", keys.URI, "")
_VERSION: Final = keys.key("version", keys.CODE, "")


def is_canonical(target: str) -> bool:
    """Whether a reference's target, as it stands in a key, tells that it is a canonical one."""
    return "|" in target


def may_be_named(catalogue: Catalogue, type_name: str) -> bool:
    """Whether resources of this type have canonical URLs."""
    field = catalogue.fields(type_name).get("url")
    return field is not None and field.type == "uri"


def names(found: Iterable[str]) -> Iterator[str]:
    """How canonical references to a resource with these keys end, in their own keys."""
    found = tuple(found)
    versions = [key.removeprefix(_VERSION) for key in found if key.startswith(_VERSION)]
    for key in found:
        if key.startswith(_URL):
            url = key.removeprefix(_URL)
            yield f"{url}|"
            yield from (f"{url}|{version}" for version in versions)


def named_by(targets: Iterable[str]) -> list[Expression]:
    """The resources that these canonical references are to, those of one version at a time."""
    urls: dict[str, set[str]] = {}
    for target in filter(is_canonical, targets):
        url, _, version = target.partition("|")
        urls.setdefault(version, set()).add(_URL + url)
    return [
        conjunction(one_of(found), *((Key(_VERSION + version),) if version else ()))
        for version, found in sorted(urls.items())
    ]
