"""Kinds of token, and what each may do, said plainly: the scopes that speak, then the reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.matrix.rules import Resource, readable, walk, writable
from tests.matrix.woven import CATEGORY, A


@dataclass(frozen=True)
class Scope:
    """One scope of a token, taken apart by hand."""

    text: str
    context: str
    type_name: str
    letters: str
    holds: Callable[[Resource], bool] | None = None
    """The constraint of a granular scope, on one resource."""


@dataclass(frozen=True)
class Kind:
    """A kind of token; without scopes it is no good token at all."""

    name: str
    scopes: tuple[Scope, ...] = ()
    patient: str | None = None
    fhir_user: str | None = None
    extra: str = ""
    """Scopes that give no data."""
    bad: str | None = None
    """What is sent instead of a token."""

    @property
    def text(self) -> str:
        return " ".join([*(scope.text for scope in self.scopes), *self.extra.split()])

    @property
    def gives(self) -> bool:
        """Whether any data at all can be had with it."""
        return any(
            self._is_staff(scope.context)
            or scope.context == "system"
            or self._record(scope.context)
            for scope in self.scopes
        )

    def speaks(self, letter: str, type_name: str) -> bool:
        """Whether any scope gives this letter on the type."""
        return bool(self._speaking(letter, type_name))

    def reaches(self, letter: str, resource: Resource) -> bool:
        """Whether one of those reaches this resource."""
        return any(
            self._within(scope.context, letter, resource)
            and (scope.holds is None or scope.holds(resource))
            for scope in self._speaking(letter, resource["resourceType"])
        )

    def whole(self, letter: str, type_name: str) -> bool:
        """Whether one of those reaches every resource of the type."""
        return any(
            scope.holds is None and (scope.context == "system" or self._is_staff(scope.context))
            for scope in self._speaking(letter, type_name)
        )

    def _speaking(self, letter: str, type_name: str) -> list[Scope]:
        return [
            scope
            for scope in self.scopes
            if letter in scope.letters and scope.type_name in ("*", type_name)
        ]

    def _is_staff(self, context: str) -> bool:
        return context == "user" and (self.fhir_user or "").startswith("Practitioner/")

    def _within(self, context: str, letter: str, resource: Resource) -> bool:
        if context == "system" or self._is_staff(context):
            return True
        patient = self._record(context)
        if patient is None:
            return False
        judge = readable if letter in "rs" else writable
        return judge(resource, patient)

    def _record(self, context: str) -> str | None:
        """The one patient whose record it opens."""
        who, _, logical_id = (self.fhir_user or "").partition("/")
        return logical_id if context == "user" and who == "Patient" else self.patient


def scope(text: str, holds: Callable[[Resource], bool] | None = None) -> Scope:
    """The scope of a text in version 1 or 2."""
    context, _, rest = text.partition("?")[0].partition("/")
    type_name, _, letters = rest.partition(".")
    v1 = {"read": "rs", "write": "cud", "*": "cruds"}
    return Scope(text, context, type_name, v1.get(letters, letters), holds)


def in_category(code: str) -> Callable[[Resource], bool]:
    def holds(resource: Resource) -> bool:
        return any(
            coding.get("system") == CATEGORY and coding.get("code") == code
            for coding in walk(resource, "category.coding")
        )

    return holds


def categorized(letters: str, code: str, type_name: str = "Observation") -> Scope:
    """A granular scope by category."""
    return scope(f"patient/{type_name}.{letters}?category={CATEGORY}|{code}", in_category(code))


def patient_kind(name: str, *texts: str, patient: str = A) -> Kind:
    return Kind(name, tuple(scope(text) for text in texts), patient, f"Patient/{patient}")


LABORATORY = categorized("cruds", "laboratory")

KINDS = (
    Kind("no token"),
    Kind("garbage", bad="Bearer garbage"),
    patient_kind("patient all", "patient/*.cruds"),
    *(patient_kind(f"patient {letter}", f"patient/*.{letter}") for letter in "cruds"),
    Kind("granular", (LABORATORY, scope("patient/Patient.rs")), A, f"Patient/{A}"),
    Kind(
        "granular union",
        (
            LABORATORY,
            categorized("rs", "vital-signs"),
            categorized("rs", "laboratory", "Condition"),
        ),
        A,
        f"Patient/{A}",
    ),
    patient_kind("other types", "patient/Encounter.cruds", "patient/Location.rs"),
    patient_kind("v1 write", "patient/*.write"),
    Kind("identity only", (), A, f"Patient/{A}", extra="openid fhirUser launch/patient"),
    Kind("user as the patient", (scope("user/*.cruds"),), None, f"Patient/{A}"),
    Kind("user as staff", (scope("user/*.cruds"),), None, "Practitioner/shared-main"),
    Kind(
        "staff with a patient",
        (scope("patient/*.cruds"), scope("user/Organization.rs")),
        A,
        "Practitioner/shared-main",
    ),
    Kind("related person", (scope("user/*.cruds"),), A, "RelatedPerson/aaa-relatedperson"),
    Kind("related to nobody", (scope("user/*.cruds"),), None, "RelatedPerson/aaa-relatedperson"),
    Kind("system reads", (scope("system/*.rs"),)),
)
