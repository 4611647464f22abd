"""References and contained resources (R4 `references.html`): targets, ref-1, dom-2 to dom-5."""

from __future__ import annotations

from collections.abc import Callable

from resources.fhir_json import Resource
from resources.references import links, literal_type
from resources.registry import REGISTRY
from resources.validation.members import child, children, text
from resources.validation.problem import Run

_PROFILE = "http://hl7.org/fhir/StructureDefinition/"


def reference_check(targets: tuple[str, ...]) -> Callable[[Resource, str, Run], None]:
    """A literal reference points to a type that the element allows, as far as it says so."""
    allowed = frozenset(targets)
    anything = not allowed or "Resource" in allowed

    def check(reference: Resource, path: str, run: Run) -> None:
        literal = text(reference, "reference")
        type_name = _type_of(literal, path, run) if literal is not None else None
        if type_name is None:
            return
        if not anything and type_name not in allowed:
            wanted = " or ".join(sorted(allowed))
            run.add(path, "value", f"must point to {wanted}, not to {type_name}")
        stated = text(reference, "type")
        if stated is not None:
            name = stated.removeprefix(_PROFILE)
            if name != type_name and REGISTRY.is_type(name):
                run.add(path, "value", f"says type {name} but points to {type_name}")

    return check


def _type_of(literal: str, path: str, run: Run) -> str | None:
    if not literal.startswith("#"):
        return literal_type(literal)
    if literal == "#":
        return _name(run.container)
    inner = _contained_types(run)
    if literal[1:] in inner:
        return inner[literal[1:]]
    run.add(path, "invariant", f"{literal[:70]!r} is no contained resource here (ref-1)")
    return None


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
    for index, one in enumerate(inner):
        _check_one(one, f"{path}.contained[{index}]", pointed_to, run)


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
