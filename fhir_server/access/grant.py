"""A checked token's `Grant` becomes an `AccessContext`.

Each scope contributes its context's reach AND its constraint; scopes add up (SMART App Launch,
"Scopes for requesting FHIR Resources"). Nothing is reached that no scope covers.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fhir_server.access.constraint import narrowing
from fhir_server.access.context import Interaction
from fhir_server.access.policy import Decision, Nobody, Reach, Records, Whole, decide
from fhir_server.outcome import Category, error
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.expression import Everything, Expression, conjunction, disjunction
from smart_auth.grant import Grant
from smart_auth.scopes import ResourceScope, parse_scope


@dataclass(frozen=True, slots=True)
class GrantedAccess:
    """The rights of one grant; each policy is worked out when it is first asked for."""

    caller: str
    scopes: tuple[tuple[ResourceScope, Reach], ...]
    catalogue: Catalogue
    _decisions: dict[tuple[Interaction, str], Decision | None] = field(
        default_factory=dict[tuple[Interaction, str], "Decision | None"],
        init=False,
        repr=False,
        compare=False,
    )

    @property
    def acts_for_a_system(self) -> bool:
        return bool(self.scopes) and all(scope.context == "system" for scope, _ in self.scopes)

    def covers(self, interaction: Interaction, type_name: str) -> bool:
        return self._decision(interaction, type_name) is not None

    def policy(self, interaction: Interaction, type_name: str) -> Expression:
        decision = self._decision(interaction, type_name)
        if decision is None:
            raise error(
                Category.FORBIDDEN,
                self.explain(interaction, type_name),
                reason=f"{self.caller}: no scope for {interaction.value} on {type_name}",
            )
        return decision.expression

    def explain(self, interaction: Interaction, type_name: str) -> str:
        decision = self._decision(interaction, type_name)
        return decision.reason if decision else self._missing(interaction, type_name)

    def _decision(self, interaction: Interaction, type_name: str) -> Decision | None:
        key = (interaction, type_name)
        if key not in self._decisions:
            self._decisions[key] = self._decide(interaction, type_name)
        return self._decisions[key]

    def _decide(self, interaction: Interaction, type_name: str) -> Decision | None:
        """The union of what each scope contributes; None where none covers it.

        Scopes of the same reach are joined behind it, so that a search walks that reach once.
        """
        left_of: dict[Expression, list[Expression]] = {}
        reasons: list[str] = []
        for scope, reach in self.scopes:
            left = self._left_by(scope, interaction, type_name)
            if left is not None:
                decision = decide(reach, interaction, type_name)
                left_of.setdefault(decision.expression, []).append(left)
                reasons.append(f"{_unconstrained(scope)}: {decision.reason}")
        if not left_of:
            return None
        parts = (conjunction(reach, disjunction(*left)) for reach, left in left_of.items())
        return Decision(disjunction(*parts), " | ".join(reasons))

    def _left_by(
        self, scope: ResourceScope, interaction: Interaction, type_name: str
    ) -> Expression | None:
        """What the scope leaves of the type; None where it does not speak of it, or has a
        constraint that this type cannot be held to."""
        if scope.type_name not in ("*", type_name) or scope.letters.isdisjoint(interaction.value):
            return None
        if scope.constraint is None:
            return Everything()
        return narrowing(self.catalogue, type_name, scope.constraint)

    def _missing(self, interaction: Interaction, type_name: str) -> str:
        contexts = dict.fromkeys(scope.context for scope, _ in self.scopes)
        context = next(iter(contexts), "patient")
        needed = f"{context}/{type_name}.{interaction.value}"
        return f"No scope of this token allows it; it needs one such as {needed}."


def _unconstrained(scope: ResourceScope) -> str:
    """For logs: a constraint could hold a code or an identifier of somebody."""
    return scope.text if scope.constraint is None else f"{scope.text.partition('?')[0]}?…"


def _reach(scope: ResourceScope, grant: Grant) -> Reach:
    match scope.context:
        case "patient":
            return _launch_reach(grant)
        case "user":
            return _user_reach(grant)
        case "system":
            return Whole("a system acts for no single person")
        case _:
            return Nobody("a context that has no rule")


def _launch_reach(grant: Grant) -> Reach:
    """`patient/` is the patient in context whoever the user is."""
    if grant.patient is None:
        return Nobody("no patient in context")
    return Records(frozenset({grant.patient}), "the patient in context")


def _user_reach(grant: Grant) -> Reach:
    """`user/` is what the user may see: "the permissions of the user"."""
    type_name, _, logical_id = (grant.fhir_user or "").partition("/")
    if type_name == "Practitioner" and logical_id:
        return Whole("a practitioner treats many patients")
    if type_name == "Patient" and logical_id:
        return Records(frozenset({logical_id}), "the user's own record")
    if type_name == "RelatedPerson" and grant.patient is not None:
        return Records(frozenset({grant.patient}), "the patient in context, for whom they act")
    return Nobody("a user who is nobody in the record")


def grant_access(grant: Grant, catalogue: Catalogue) -> GrantedAccess:
    """The rights of a grant: a value to keep as long as its token is used."""
    parsed = (parse_scope(text) for text in grant.scopes)
    scopes = tuple((scope, _reach(scope, grant)) for scope in parsed if scope is not None)
    return GrantedAccess(f"{grant.client_id}/{grant.subject}", scopes, catalogue)
