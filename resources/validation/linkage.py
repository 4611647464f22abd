"""References and contained resources (R4 `references.html`): targets, ref-1, dom-2 to dom-5."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from resources.fhir_json import Resource
from resources.references import links, literal_type, parse_reference
from resources.registry import REGISTRY
from resources.validation.members import child, children, text
from resources.validation.problem import Run

_PROFILE: Final = "http://hl7.org/fhir/StructureDefinition/"
_SPACE: Final = re.compile(r"\s").search
_IS_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:").match


def reference_check(targets: tuple[str, ...]) -> Callable[[Resource, str, Run], None]:
    """A reference points to a type that the element allows, as far as it says so: a literal one,
    or `type` for a logical one (`references.html#logical`)."""
    allowed = frozenset(targets)
    anything = not allowed or "Resource" in allowed

    def check(reference: Resource, path: str, run: Run) -> None:
        literal = text(reference, "reference")
        pointed = _type_of(literal, path, run) if literal is not None else None
        stated = _stated_type(reference) if "type" in reference else None
        if stated is not None and pointed not in (None, stated):
            run.add(path, "value", f"says type {stated} but points to {pointed}")
        name = pointed or stated
        if name is not None and not anything and name not in allowed:
            wanted = " or ".join(sorted(allowed))
            run.add(path, "value", f"must point to {wanted}, not to {name}")

    return check


def _stated_type(reference: Resource) -> str | None:
    name = (text(reference, "type") or "").removeprefix(_PROFILE)
    return name if REGISTRY.is_type(name) else None


def _type_of(literal: str, path: str, run: Run) -> str | None:
    if not literal.startswith("#"):
        name = literal_type(literal)
        if name is None and (message := _form_problem(literal, run)):
            run.add(f"{path}.reference", "value", message)
        return name
    if literal == "#":
        return _name(run.container)
    inner = _contained_types(run)
    if literal[1:] in inner:
        return inner[literal[1:]]
    run.add(path, "invariant", f"{literal[:70]!r} is no contained resource here (ref-1)")
    return None


def _form_problem(literal: str, run: Run) -> str | None:
    """R4 `references.html#literal`: what is not absolute is relative to the service's base, where
    nothing stands but `[type]/[id]`. HAPI refuses others too."""
    if _SPACE(literal):
        return "must be a URL without white space"
    if _IS_ABSOLUTE(literal) or run.bundled or not literal:
        return None
    return f"{literal[:70]!r} must be [type]/[id] with a type of R4, an absolute URL, or #[id]"


def canonical_check(targets: tuple[str, ...]) -> Callable[[Any, str, Run], None]:
    """`references.html#canonical`: a fragment leads to a contained resource. What any other
    canonical leads to, it does not say."""
    allowed = frozenset(targets)

    def check(value: Any, path: str, run: Run) -> None:
        if not isinstance(value, str) or value[0:1] != "#":
            return
        inner = _contained_types(run)
        if value[1:] not in inner:
            run.add(path, "value", f"{value[:70]!r} is no contained resource here")
        elif allowed and inner[value[1:]] not in allowed | {None} and "Resource" not in allowed:
            wanted = " or ".join(sorted(allowed))
            run.add(path, "value", f"must be of {wanted}, not of {inner[value[1:]]}")

    return check


def full_url_advice(entry: Resource, path: str, run: Run) -> None:
    """`bundle.html#bundle-entry`: a `fullUrl` shall not disagree with the id in the resource."""
    url, resource = text(entry, "fullUrl"), child(entry, "resource")
    if not run.advises or url is None or "id" not in resource:
        return
    said = parse_reference(url)
    own = (_name(resource), text(resource, "id") or "")
    if said.logical_id is not None and (said.type_name, said.logical_id) != own:
        told = f"{url[:200]!r} should end in the type and id of the resource, {own[0]}/{own[1]:.64}"
        run.advise(f"{path}.fullUrl", "value", told)


def target_type(reference: Resource, run: Run) -> str | None:
    """The type that a literal reference leads to, where it says so."""
    literal = text(reference, "reference")
    if literal is None:
        return None
    return _contained_types(run).get(literal[1:]) if literal[0:1] == "#" else literal_type(literal)


def _contained_types(run: Run) -> dict[str, str | None]:
    """Made once for a container: thousands of references may ask."""
    if run.contained_in is not run.container:
        run.contained_in = run.container
        run.contained = {
            name: _name(inner)
            for inner in children(run.container, "contained")
            if (name := text(inner, "id")) is not None
        }
    return run.contained


def _name(resource: Resource) -> str | None:
    name = resource.get("resourceType")
    return name if isinstance(name, str) and REGISTRY.is_type(name) else None


def check_contained(resource: Resource, path: str, run: Run) -> None:
    """dom-2 to dom-5 of a resource that contains others."""
    inner = children(resource, "contained")
    if not inner:
        return
    pointed_to = {link.text for link in links(resource)}
    taken = set[str]()
    for index, one in enumerate(inner):
        place = f"{path}.contained[{index}]"
        _check_one(one, place, pointed_to, run)
        name = text(one, "id") or ""
        if name in taken:
            run.add(f"{place}.id", "value", f"{name[:64]!r} is another contained resource's id too")
        taken |= {name} - {""}


def _check_one(one: Resource, path: str, pointed_to: set[str], run: Run) -> None:
    if "contained" in one:
        run.add(f"{path}.contained", "invariant", "must not contain resources itself (dom-2)")
    if f"#{text(one, 'id')}" not in pointed_to and not _points_out(one):
        run.add(path, "invariant", "must be referred to from the resource that contains it (dom-3)")
    meta = child(one, "meta")
    if "versionId" in meta or "lastUpdated" in meta:
        run.add(f"{path}.meta", "invariant", "must not have versionId or lastUpdated (dom-4)")
    if "security" in meta:
        run.add(f"{path}.meta.security", "invariant", "must not have a security label (dom-5)")


def _points_out(one: Resource) -> bool:
    """Whether a contained resource refers to its container."""
    return any(link.text == "#" for link in links(one))
