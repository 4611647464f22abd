"""`_summary` and `_elements`, asked for by a read or a search (R4 3.1.1.5.8, 3.1.1.5.9)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, cast

from fhir_server.outcome import Category, error
from resources import fhir_json, subsetting
from resources.fhir_json import Resource

Parameters = tuple[tuple[str, str], ...]

SUMMARIES: Final[dict[str, Callable[[Resource], Resource] | None]] = {
    "true": subsetting.summary,
    "text": subsetting.text_alone,
    "data": subsetting.data_alone,
    "count": None,
    "false": None,
}


@dataclass(frozen=True, slots=True)
class Subset:
    """How much of each resource is wanted."""

    applied: Parameters = ()
    """The parameters that said so, for the self link."""
    count_only: bool = False
    """`_summary=count`: the total and nothing else."""
    part: Callable[[Resource], Resource] | None = None

    def of(self, json: bytes) -> bytes:
        """The part of a resource that is wanted; the whole costs nothing."""
        if self.part is None:
            return json
        return fhir_json.dump(self.part(cast(Resource, fhir_json.parse(json))))


_WHOLE: Final = Subset()


def split_subset(types: Sequence[str], parameters: Parameters) -> tuple[Parameters, Subset]:
    """The other parameters, then what `_summary` or `_elements` ask for. Raises INVALID.

    Without a value they are left among the others, to be refused or left out as any (3.1.1.3).
    """
    asked = [pair for pair in parameters if pair[0] in ("_summary", "_elements") and pair[1]]
    if not asked:
        return parameters, _WHOLE
    rest = tuple(pair for pair in parameters if pair not in asked)
    if len(asked) > 1:
        raise error(Category.INVALID, "_summary and _elements are asked for once, or one of them.")
    name, value = asked[0]
    if name == "_elements":
        return rest, Subset((asked[0],), part=_asked_elements(types, value))
    if value not in SUMMARIES:
        raise error(
            Category.INVALID, f"_summary is one of {', '.join(SUMMARIES)}, not {value[:40]!r}."
        )
    if value == "text" and any(
        pair[0].partition(":")[0] in ("_include", "_revinclude") for pair in rest
    ):
        raise error(Category.INVALID, "_summary=text goes with no _include or _revinclude.")
    return rest, Subset((asked[0],), value == "count", SUMMARIES[value])


def _asked_elements(types: Sequence[str], value: str) -> Callable[[Resource], Resource]:
    """What keeps the elements of `_elements`, each of which has to be one of a type that is
    searched; with a type in front it is meant of that type alone."""
    asked = [_element(types, name.strip()) for name in value.split(",")]

    def part(resource: Resource) -> Resource:
        own = ("", resource.get("resourceType"))
        return subsetting.elements(resource, {name for of, name in asked if of in own})

    return part


def _element(types: Sequence[str], asked: str) -> tuple[str, str]:
    """Type (or none) and name."""
    of, _, name = asked.rpartition(".")
    among = types if not of else [of] if of in types else []
    if any(name in subsetting.element_names(each) for each in among):
        return of, name
    known = {each for one in types for each in subsetting.element_names(one)}
    near = get_close_matches(asked, sorted(known), n=2)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    whose = types[0] if len(types) == 1 else "None of the types"
    raise error(Category.INVALID, f"{whose} has no element {asked[:40]!r} at its top.{hint}")
