"""Part of a resource: `_summary` and `_elements` (R4 `search.html#summary`, `#elements`).

A part is marked as one: `meta.tag` has the code SUBSETTED, so that nobody writes it back in
place of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache
from typing import Any, Final

from resources.fhir_json import ARRAY, OBJECT, Resource
from resources.registry import REGISTRY, Element

SUBSETTED: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
}
_ALWAYS: Final = frozenset({"resourceType", "id", "meta"})


def summary(resource: Resource) -> Resource:
    """The elements that are marked as summary, in backbone elements too."""
    return _marked(_summarised(resource, str(resource.get("resourceType"))))


def text_alone(resource: Resource) -> Resource:
    """The narrative, and what a resource cannot be without: `_summary=text`."""
    return _marked(_chosen(resource, {"text"}, lambda element: element.minimum > 0))


def data_alone(resource: Resource) -> Resource:
    """All but the narrative: `_summary=data`."""
    return _marked({name: value for name, value in resource.items() if name != "text"})


def elements(resource: Resource, names: Collection[str]) -> Resource:
    """These elements, and those that are mandatory or modify the meaning of others."""
    chosen = _chosen(resource, names, lambda element: element.minimum > 0 or element.is_modifier)
    return _marked(chosen)


def element_names(type_name: str) -> frozenset[str]:
    """What `_elements` may name on a type: base elements, a choice without its type."""
    return frozenset({"id", "meta"}) | {
        element.name for element in REGISTRY.children(type_name).values()
    }


def _chosen(
    resource: Resource, names: Collection[str], kept: Callable[[Element], bool]
) -> Resource:
    by_key = _elements_by_key(str(resource.get("resourceType")))
    return {
        key: value
        for key, value in resource.items()
        if key in _ALWAYS
        or ((element := by_key.get(key)) and (element.name in names or kept(element)))
    }


def _summarised(value: Resource, node: str) -> Resource:
    by_key = _elements_by_key(node)
    part: Resource = {}
    for key, member in value.items():
        element = by_key.get(key)
        if key in _ALWAYS:
            part[key] = member
        elif element is not None and element.is_summary:
            part[key] = _summarised_member(member, element)
    return part


def _summarised_member(member: Any, element: Element) -> Any:
    """Data types are kept whole; the children of a backbone element are marked one by one."""
    backbone = element.types[0] if element.types else None
    if backbone is None or backbone.name not in ("BackboneElement", "Element"):
        return member
    if isinstance(member, OBJECT):
        return _summarised(member, backbone.node)
    if isinstance(member, ARRAY):
        return [_summarised(one, backbone.node) for one in member if isinstance(one, OBJECT)]
    return member


@cache
def _elements_by_key(node: str) -> dict[str, Element]:
    """By JSON key, that of a primitive's extensions (`_birthDate`) too."""
    by_key: dict[str, Element] = {}
    for element in REGISTRY.children(node).values():
        for of in element.types:
            key = element.json_name(of)
            by_key[key] = by_key[f"_{key}"] = element
    return by_key


def _marked(part: Resource) -> Resource:
    meta: Resource = dict(part.get("meta") or {})
    tags: list[Any] = [tag for tag in meta.get("tag", ()) if tag != SUBSETTED]
    return {**part, "meta": {**meta, "tag": [*tags, SUBSETTED]}}
