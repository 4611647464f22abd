"""Chains and reverse chains by the specification's words, straight from all resources.

R4 3.1.1.4.13 and 3.1.1.4.14, one step after the other; shares no code with the server. A step only
sees what the caller sees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Resource = dict[str, Any]
Sees = Callable[[Resource], bool]

# Where each reference stands, and the types that its parameter may lead to.
WAYS: Mapping[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("Observation", "subject"): ("subject", ("Patient", "Group")),
    ("Observation", "patient"): ("subject", ("Patient",)),
    ("Observation", "encounter"): ("encounter", ("Encounter",)),
    ("Observation", "performer"): ("performer", ("Practitioner", "Organization")),
    ("Observation", "has-member"): ("hasMember", ("Observation",)),
    ("Encounter", "subject"): ("subject", ("Patient",)),
    ("Encounter", "patient"): ("subject", ("Patient",)),
    ("Encounter", "service-provider"): ("serviceProvider", ("Organization",)),
    ("Patient", "organization"): ("managingOrganization", ("Organization",)),
    ("Patient", "general-practitioner"): ("generalPractitioner", ("Practitioner", "Organization")),
    ("Patient", "link"): ("link.other", ("Patient",)),
    ("Group", "member"): ("member.entity", ("Patient", "Practitioner")),
}
# Parameters that every step may end with, and where their values stand.
ENDS: Mapping[tuple[str, str], str] = {
    ("Patient", "gender"): "gender",
    ("Patient", "family"): "name.family",
    ("Patient", "name"): "name.family",
    ("Practitioner", "name"): "name.family",
    ("Practitioner", "family"): "name.family",
    ("Practitioner", "gender"): "gender",
    ("Organization", "name"): "name",
    ("Observation", "status"): "status",
    ("Observation", "code"): "code.coding.code",
    ("Encounter", "status"): "status",
    ("Group", "type"): "type",
    **{
        (each, "_id"): "id"
        for each in ("Patient", "Practitioner", "Organization", "Observation", "Encounter", "Group")
    },
}


def values(resource: Resource, path: str) -> list[Any]:
    found: list[Any] = [resource]
    for name in path.split("."):
        inner = [each[name] for each in found if name in each]
        found = [one for many in inner for one in (many if isinstance(many, list) else [many])]
    return found


@dataclass(frozen=True)
class Everyone:
    """All resources there are."""

    resources: Sequence[Resource]

    def found(self, type_name: str, name: str, value: str, sees: Sees) -> set[str]:
        """The ids of what one parameter selects for somebody who sees so much."""
        return {
            each["id"]
            for each in self.resources
            if each["resourceType"] == type_name
            and sees(each)
            and self.meets(each, name, value, sees)
        }

    def meets(self, resource: Resource, name: str, value: str, sees: Sees) -> bool:
        type_name = resource["resourceType"]
        if name.startswith("_has:"):
            _, source, parameter, rest = name.split(":", 3)
            return any(
                self._refers(each, parameter, resource) and self.meets(each, rest, value, sees)
                for each in self.resources
                if each["resourceType"] == source and sees(each)
            )
        first, dot, rest = name.partition(".")
        if dot:
            parameter, _, wanted = first.partition(":")
            return any(
                self._refers(resource, parameter, each) and self.meets(each, rest, value, sees)
                for each in self.resources
                if sees(each) and wanted in ("", each["resourceType"])
            )
        bare, _, modifier = name.partition(":")
        if (type_name, bare) not in ENDS:
            return False
        met = any(each in value.split(",") for each in values(resource, ENDS[type_name, bare]))
        return not met if modifier == "not" else met

    def _refers(self, resource: Resource, parameter: str, to: Resource) -> bool:
        way = WAYS.get((resource["resourceType"], parameter))
        if way is None or to["resourceType"] not in way[1]:
            return False
        place = f"{to['resourceType']}/{to['id']}"
        return any(each["reference"] == place for each in values(resource, way[0]))
