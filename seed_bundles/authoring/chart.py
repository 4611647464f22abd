"""One bundle in the making: resources under readable ids, written by PUT so that ids are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from .elements import HOUSE, TERMINOLOGY, Element, coding, present, reference

_META: Final[Element] = {
    "source": f"{HOUSE}record",
    "tag": [coding(f"{TERMINOLOGY}v3-ActReason", "HTEST", "test health data")],
}
"""Where all of it comes from, and that nobody is treated by it (R4 `resource.html#Meta`)."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A transaction of resources that are put under ids of our choice (R4 `http.html`)."""

    name: str
    resources: list[Element] = field(default_factory=list[Element])

    def put(self, type_name: str, logical_id: str, **elements: Any) -> str:
        """Adds a resource and gives the reference to it."""
        meta: Element = {**_META, **(elements.pop("meta", None) or {})}
        self.resources.append(
            {"resourceType": type_name, "id": logical_id, "meta": meta, **present(**elements)}
        )
        return f"{type_name}/{logical_id}"

    def entries(self) -> list[Element]:
        return [
            {
                "resource": resource,
                "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
            }
            for resource in self.resources
        ]


@dataclass(frozen=True, slots=True)
class Chart:
    """The record of one patient: ids begin with the patient's."""

    patient_id: str
    patient_name: str
    bundle: Bundle
    counts: dict[str, int] = field(default_factory=dict[str, int])

    @classmethod
    def of(cls, patient_id: str, patient_name: str) -> Chart:
        return cls(patient_id, patient_name, Bundle(patient_id))

    @property
    def patient(self) -> Element:
        return reference(f"Patient/{self.patient_id}", self.patient_name)

    @property
    def person(self) -> Element:
        """The patient in entries of which there are hundreds: without the name."""
        return reference(f"Patient/{self.patient_id}")

    def put(self, type_name: str, suffix: str, **elements: Any) -> str:
        return self.bundle.put(type_name, f"{self.patient_id}-{suffix}", **elements)

    def number(self, kind: str) -> str:
        """`weight-01`, `weight-02`, …"""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        return f"{kind}-{self.counts[kind]:02}"
