"""References and contained resources (R4 `references.html`): targets, ref-1, dom-2 to dom-5."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from resources.fhir_json import Resource
from resources.references import links, literal_type
from resources.registry import REGISTRY
from resources.validation.problem import Run

_PROFILE = "http://hl7.org/fhir/StructureDefinition/"


def contained(resource: Resource) -> list[Resource]:
    """The contained resources, as far as they are objects."""
    inner = resource.get("contained")
    if not isinstance(inner, list):
        return []
    return [cast(Resource, one) for one in cast(list[Any], inner) if isinstance(one, dict)]


def reference_check(targets: tuple[str, ...]) -> Callable[[Resource, str, Run], None]:
    """A literal reference points to a type that the element allows, as far as it says so."""
    allowed = frozenset(targets)
    anything = not allowed or "Resource" in allowed

    def check(reference: Resource, path: str, run: Run) -> None:
        text = reference.get("reference")
        if not isinstance(text, str):
            return
        type_name = _type_of(text, path, run)
        if type_name is None:
            return
        if not anything and type_name not in allowed:
            wanted = " or ".join(sorted(allowed))
            run.add(path, "value", f"must point to {wanted}, not to {type_name}")
        stated = reference.get("type")
        if isinstance(stated, str):
            name = stated.removeprefix(_PROFILE)
            if name != type_name and REGISTRY.is_type(name):
                run.add(path, "value", f"says type {name} but points to {type_name}")

    return check


def _type_of(text: str, path: str, run: Run) -> str | None:
    if not text.startswith("#"):
        return literal_type(text)
    if text == "#":
        return _name(run.container)
    for inner in contained(run.container):
        if inner.get("id") == text[1:]:
            return _name(inner)
    run.add(path, "invariant", f"{text[:70]!r} is no contained resource here (ref-1)")
    return None


def _name(resource: Resource) -> str | None:
    name = resource.get("resourceType")
    return name if isinstance(name, str) and REGISTRY.is_type(name) else None


def check_contained(resource: Resource, path: str, run: Run) -> None:
    """dom-2 to dom-5 of a resource that contains others."""
    inner = contained(resource)
    if not inner:
        return
    pointed_to = {link.text for link in links(resource)}
    for index, one in enumerate(inner):
        _check_one(one, f"{path}.contained[{index}]", pointed_to, run)


def _check_one(one: Resource, path: str, pointed_to: set[str], run: Run) -> None:
    if "contained" in one:
        run.add(f"{path}.contained", "invariant", "must not contain resources itself (dom-2)")
    name = one.get("id")
    if not (isinstance(name, str) and f"#{name}" in pointed_to) and not _points_out(one):
        run.add(path, "invariant", "must be referred to from the resource that contains it (dom-3)")
    meta = one.get("meta")
    if not isinstance(meta, dict):
        return
    if "versionId" in meta or "lastUpdated" in meta:
        run.add(f"{path}.meta", "invariant", "must not have versionId or lastUpdated (dom-4)")
    if "security" in meta:
        run.add(f"{path}.meta.security", "invariant", "must not have a security label (dom-5)")


def _points_out(one: Resource) -> bool:
    """Whether a contained resource refers to its container."""
    return any(link.text == "#" for link in links(one))
