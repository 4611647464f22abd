"""The house: Cedar Mesa Community Health, its people, places, calendars and payer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .chart import Bundle
from .elements import (
    HOUSE,
    US_CORE,
    Element,
    hl7,
    identifier,
    reference,
    snomed,
)

CLINIC: Final = reference("Organization/cedar-mesa", "Cedar Mesa Community Health")
PHARMACY: Final = reference("Organization/cedar-mesa-pharmacy", "Cedar Mesa Pharmacy")
LABORATORY: Final = reference("Organization/cedar-mesa-laboratory", "Cedar Mesa Laboratory")
PAYER: Final = reference("Organization/canyon-health-plan", "Canyon Health Plan")
CLINIC_ROOM: Final = reference("Location/cedar-mesa-clinic", "Cedar Mesa Clinic, Tucson")
HOSPITAL_WARD: Final = reference("Location/cedar-mesa-hospital", "Cedar Mesa Hospital")
VIDEO_ROOM: Final = reference("Location/cedar-mesa-video", "Video visit")
VIDEO_VISIT: Final = snomed("448337001", "Telemedicine consultation with patient", "Video visit")


@dataclass(frozen=True, slots=True)
class Member:
    """A member of staff; `specialty` is a SNOMED CT code with the display that patients see."""

    logical_id: str
    given: str
    family: str
    prefix: str
    gender: str
    role: tuple[str, str]
    specialty: tuple[str, str]

    @property
    def name(self) -> str:
        return f"{self.prefix} {self.given} {self.family}".strip()

    @property
    def ref(self) -> Element:
        return reference(f"Practitioner/{self.logical_id}", self.name)


_DOCTOR: Final = ("doctor", "Doctor")
_NURSE: Final = ("nurse", "Nurse")

OKAFOR: Final = Member(
    "grace-okafor", "Grace", "Okafor", "Dr.", "female", _DOCTOR, ("419772000", "Family practice")
)
TANAKA: Final = Member(
    "hiro-tanaka", "Hiro", "Tanaka", "Dr.", "male", _DOCTOR, ("394810000", "Rheumatology")
)
MARSH: Final = Member(
    "elena-marsh", "Elena", "Marsh", "Dr.", "female", _DOCTOR, ("394579002", "Cardiology")
)
BOONE: Final = Member(
    "carla-boone",
    "Carla",
    "Boone",
    "Dr.",
    "female",
    _DOCTOR,
    ("394586005", "Gynecology and obstetrics"),
)
AMSEL: Final = Member(
    "judith-amsel", "Judith", "Amsel", "Dr.", "female", _DOCTOR, ("722165004", "Psychotherapy")
)
REYES: Final = Member(
    "samuel-reyes",
    "Samuel",
    "Reyes",
    "",
    "male",
    ("pharmacist", "Pharmacist"),
    ("394576009", "Pharmacy"),
)
LINDQVIST: Final = Member(
    "nora-lindqvist",
    "Nora",
    "Lindqvist",
    "",
    "female",
    _NURSE,
    ("394814009", "General practice nursing"),
)
STAFF: Final = (OKAFOR, TANAKA, MARSH, BOONE, AMSEL, REYES, LINDQVIST)


def directory() -> Bundle:
    """Organizations, places and people: what everybody may look up."""
    bundle = Bundle("clinic-directory")
    _organizations(bundle)
    _places(bundle)
    for number, member in enumerate(STAFF, start=1):
        _member(bundle, member, number)
    return bundle


def _organizations(bundle: Bundle) -> None:
    profile = {"profile": [f"{US_CORE}us-core-organization"]}
    for logical_id, kind, name, line in (
        ("cedar-mesa", "prov", "Cedar Mesa Community Health", "1200 E Palo Verde Road"),
        ("cedar-mesa-pharmacy", "prov", "Cedar Mesa Pharmacy", "1204 E Palo Verde Road"),
        ("cedar-mesa-laboratory", "prov", "Cedar Mesa Laboratory", "1206 E Palo Verde Road"),
        ("canyon-health-plan", "ins", "Canyon Health Plan", "77 Ocotillo Avenue"),
    ):
        bundle.put(
            "Organization",
            logical_id,
            meta=profile,
            identifier=[identifier("organization", logical_id)],
            active=True,
            type=[hl7("organization-type", kind)],
            name=name,
            telecom=_telecom("520-555-0100", f"{logical_id}@cedarmesa.example.org"),
            address=[address(line)],
        )


def _places(bundle: Bundle) -> None:
    bundle.put(
        "Endpoint",
        "cedar-mesa-video",
        status="active",
        connectionType={
            "system": f"{HOUSE}connection",
            "code": "video-room",
            "display": "Video room",
        },
        name="Video visit rooms",
        managingOrganization=CLINIC,
        payloadType=[{"text": "Video visit"}],
        address="https://video.cedarmesa.example.org/",
    )
    for logical_id, name, kind, line, physical in (
        ("cedar-mesa-clinic", "Cedar Mesa Clinic, Tucson", "OF", "1200 E Palo Verde Road", "bu"),
        ("cedar-mesa-hospital", "Cedar Mesa Hospital", "HOSP", "1300 E Palo Verde Road", "bu"),
        ("cedar-mesa-video", "Video visit", "PTRES", None, None),
    ):
        bundle.put(
            "Location",
            logical_id,
            meta={"profile": [f"{US_CORE}us-core-location"]},
            status="active",
            name=name,
            mode="instance" if line else "kind",
            type=[hl7("v3-RoleCode", kind)],
            telecom=_telecom("520-555-0101", "frontdesk@cedarmesa.example.org"),
            address=address(line) if line else None,
            physicalType=hl7("location-physical-type", physical) if physical else None,
            managingOrganization=CLINIC,
            endpoint=None if line else [reference("Endpoint/cedar-mesa-video")],
        )


def _member(bundle: Bundle, member: Member, number: int) -> None:
    mail = f"{member.given}.{member.family}@cedarmesa.example.org".lower()
    bundle.put(
        "Practitioner",
        member.logical_id,
        meta={"profile": [f"{US_CORE}us-core-practitioner"]},
        identifier=[identifier("staff", f"S-{number:04}")],
        active=True,
        name=[
            {
                "use": "official",
                "text": member.name,
                "family": member.family,
                "given": [member.given],
                **({"prefix": [member.prefix]} if member.prefix else {}),
            }
        ],
        telecom=_telecom(f"520-555-01{number + 10}", mail),
        address=[address("1200 E Palo Verde Road")],
        gender=member.gender,
    )
    bundle.put(
        "PractitionerRole",
        f"{member.logical_id}-role",
        meta={"profile": [f"{US_CORE}us-core-practitionerrole"]},
        active=True,
        practitioner=member.ref,
        organization=PHARMACY if member is REYES else CLINIC,
        code=[hl7("practitioner-role", *member.role)],
        specialty=[snomed(*member.specialty)],
        location=[CLINIC_ROOM],
        telecom=_telecom(f"520-555-01{number + 10}", mail),
    )


def address(line: str, city: str = "Tucson", postal_code: str = "85719") -> Element:
    return {
        "use": "work" if "Palo Verde" in line or "Ocotillo" in line else "home",
        "line": [line],
        "city": city,
        "state": "AZ",
        "postalCode": postal_code,
        "country": "US",
    }


def _telecom(phone: str, mail: str) -> list[Element]:
    return [
        {"system": "phone", "value": phone, "use": "work"},
        {"system": "email", "value": mail, "use": "work"},
    ]


def later(clock: str, minutes: int) -> str:
    hours, rest = clock.split(":")
    total = int(hours) * 60 + int(rest) + minutes
    return f"{total // 60:02}:{total % 60:02}"
