"""Invariants of R4 by hand, as rows: key, what it says, how it is decided.

These are the ones that records are full of, and those whose published expression does not say what
its words say (`DEPARTURES`); `published` evaluates all others. Where each applies stands in the
element tables. A row decides without raising on any JSON value, because structure and invariants
are judged in the same walk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from resources.fhir_json import Resource
from resources.validation import clinical, exchange, general
from resources.validation.members import any_of, at_most_one_of, exactly_one_of, needs
from resources.validation.problem import Run

Test: TypeAlias = Callable[[Resource, Run], bool]


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule that every element of some type or path keeps."""

    key: str
    message: str
    holds: Test
    at: str = ""
    """The one place that it is about, of a key that R4 gives to several invariants."""


def _row(key: str, message: str, holds: Test, at: str = "") -> Invariant:
    return Invariant(key, message, holds, at)


INVARIANTS: Final[tuple[Invariant, ...]] = (
    # every type
    _row(
        "ext-1",
        "has either a value or extensions, not both",
        exactly_one_of("extension", "value[x]"),
    ),
    _row("age-1", "has a UCUM time unit and a positive value", general.age),
    _row("att-1", "has data and so needs contentType", needs("data", "contentType")),
    _row("cnt-3", "is a whole number with the unit 1", general.count),
    _row("cpt-2", "has a value and so needs a system", needs("value", "system")),
    _row("dis-1", "has a value and so needs a UCUM code", general.distance),
    _row("drq-1", "has either path or searchParam", exactly_one_of("path", "searchParam")),
    _row("drq-2", "has either path or searchParam", exactly_one_of("path", "searchParam")),
    _row("drt-1", "has a code and so needs a value and the system UCUM", general.duration),
    _row("exp-1", "needs expression or reference", any_of("expression", "reference")),
    _row("per-1", "must not end before it starts", general.period),
    _row("qty-3", "has a code and so needs its system", needs("code", "system")),
    _row("rat-1", "has both numerator and denominator, or neither and an extension", general.ratio),
    _row("rng-2", "must not have low above high", general.range_),
    _row("tim-1", "has a duration and so needs durationUnit", needs("duration", "durationUnit")),
    _row("tim-2", "has a period and so needs periodUnit", needs("period", "periodUnit")),
    _row("tim-4", "must not have a negative duration", general.not_negative("duration")),
    _row("tim-5", "must not have a negative period", general.not_negative("period")),
    _row("tim-6", "has periodMax and so needs period", needs("periodMax", "period")),
    _row("tim-7", "has durationMax and so needs duration", needs("durationMax", "duration")),
    _row("tim-8", "has countMax and so needs count", needs("countMax", "count")),
    _row("tim-9", "has offset and so needs when, and not a meal's own time", general.offset),
    _row("tim-10", "has either timeOfDay or when", at_most_one_of("timeOfDay", "when")),
    _row("trd-1", "has either data or timing", at_most_one_of("data", "timing[x]")),
    _row("trd-2", "has a condition and so needs data", needs("condition", "data")),
    _row("eld-19", "must not have special characters in its path", general.element_path),
    _row("md-1", "must have a max of * or a positive number", general.focus_maximum),
    # people and organisations
    _row(
        "pat-1",
        "needs name, telecom, address or organization",
        any_of("name", "telecom", "address", "organization"),
    ),
    _row("org-1", "needs an identifier or a name", any_of("identifier", "name")),
    _row("org-2", "must not be a home address", general.not_home),
    _row("org-3", "must not be a home telecom", general.not_home),
    _row("ipn-1", "needs an identifier or a name", any_of("identifier", "name")),
    # clinical
    _row(
        "ait-1",
        "needs clinicalStatus unless entered in error",
        clinical.allergy_has_status,
    ),
    _row(
        "ait-2",
        "must not have clinicalStatus when entered in error",
        clinical.allergy_in_error,
    ),
    _row("con-1", "needs summary or assessment", any_of("summary", "assessment")),
    _row("con-2", "needs code or detail", any_of("code", "detail")),
    _row(
        "con-4",
        "has abated and so has the clinicalStatus inactive, resolved or remission",
        clinical.condition_abated,
    ),
    _row(
        "con-5",
        "must not have clinicalStatus when entered in error",
        clinical.condition_in_error,
    ),
    _row("ctm-1", "has onBehalfOf and so a Practitioner as member", clinical.care_team_behalf),
    _row("cpl-3", "has either detail or reference", at_most_one_of("detail", "reference")),
    _row("fhs-1", "has either age or born", at_most_one_of("age[x]", "born[x]")),
    _row("fhs-2", "has estimatedAge and so needs age", needs("estimatedAge", "age[x]")),
    _row("gol-1", "has detail and so needs measure", needs("detail[x]", "measure")),
    _row("imm-1", "needs documentType or reference", any_of("documentType", "reference")),
    _row("imr-1", "needs vaccineCode or targetDisease", any_of("vaccineCode", "targetDisease")),
    _row("mad-1", "needs dose or rate", any_of("dose", "rate[x]")),
    _row("mdd-1", "must not be handed over before it is prepared", clinical.dispense_order),
    _row("obs-3", "needs low, high or text", any_of("low", "high", "text")),
    _row(
        "obs-6",
        "has a value and so no dataAbsentReason",
        at_most_one_of("dataAbsentReason", "value[x]"),
    ),
    _row(
        "obs-7",
        "has a value and so no component with the same code",
        clinical.observation_components,
    ),
    _row("prr-1", "has orderDetail and so needs code", needs("orderDetail", "code")),
    _row("ras-2", "must have a probability of at most 100", clinical.probability),
    # scheduling, workflow, lists
    _row("app-1", "needs type or actor", any_of("type", "actor")),
    _row("app-2", "has both start and end, or neither", clinical.appointment_span),
    _row(
        "app-3",
        "needs start and end unless proposed, cancelled or on the waitlist",
        clinical.appointment_time,
    ),
    _row(
        "app-4",
        "has a cancelationReason only when cancelled or no-show",
        clinical.appointment_cancelled,
    ),
    _row("apr-1", "needs participantType or actor", any_of("participantType", "actor")),
    _row("grp-1", "has members only when actual", clinical.group_members),
    _row("lnk-1", "needs two items", clinical.linkage_items),
    _row("lst-1", "has either entries or emptyReason", at_most_one_of("emptyReason", "entry")),
    _row("lst-2", "has deleted only in the mode changes", clinical.list_deleted),
    _row("lst-3", "has entry dates only in the mode working", clinical.list_dates),
    _row("inv-1", "must not be modified before it is authored", clinical.task_order, "Task"),
    _row("rqg-1", "has either resource or action", exactly_one_of("resource", "action")),
    # documents, forms, consent, audit
    _row("cmp-1", "needs text, entry or section", any_of("text", "entry", "section")),
    _row("cmp-2", "has either entries or emptyReason", at_most_one_of("emptyReason", "entry")),
    _row("ppc-1", "needs policy or policyRule", any_of("policy", "policyRule")),
    _row("qrs-1", "has either answer or item", at_most_one_of("answer", "item")),
    _row("sev-1", "has either name or query", at_most_one_of("name", "query")),
    _row(
        "ces-1",
        "has either category or productOrService",
        exactly_one_of("category", "productOrService"),
    ),
    # bundles and terminology
    _row("bdl-1", "has a total only in a searchset or history", exchange.bundle_total),
    _row("bdl-2", "has search only in a searchset", exchange.bundle_search),
    _row(
        "bdl-3",
        "has requests in a batch, transaction or history, each entry one, and nowhere else",
        exchange.bundle_requests,
    ),
    _row(
        "bdl-4",
        "has responses in a response or history, each entry one, and nowhere else",
        exchange.bundle_responses,
    ),
    _row(
        "bdl-5",
        "needs a resource, request or response",
        any_of("resource", "request", "response"),
    ),
    _row("bdl-7", "has each fullUrl once for each version", exchange.bundle_full_urls),
    _row("bdl-8", "must not have a version in fullUrl", exchange.full_url_unversioned),
    _row("bdl-9", "as a document needs an identifier", exchange.document_identifier),
    _row("bdl-10", "as a document needs a timestamp", exchange.document_timestamp),
    _row("bdl-11", "as a document starts with a Composition", exchange.document_first),
    _row("bdl-12", "as a message starts with a MessageHeader", exchange.message_first),
    _row("vsd-1", "needs valueSet or system", any_of("valueSet", "system")),
    _row("vsd-3", "has either concept or filter", at_most_one_of("concept", "filter")),
    _row("vsd-6", "needs code or display", any_of("code", "display")),
    _row("vsd-10", "has a code and so needs its system", needs("code", "system")),
)

_NAMED: Final = (
    *("adf", "cid", "cmd", "cpb", "cpd", "csd", "ees", "esc", "evd", "evi", "evv", "gdf", "ig"),
    *("lib", "mea", "msd", "nsd", "opd", "pdf", "que", "red", "rsd", "rvs", "sdf", "smp", "spd"),
    *("tcp", "tst", "vsd"),
)
"""R4 gives each of these types the same advice on names, under a key of its own."""

ADVICE: Final[tuple[Invariant, ...]] = (
    _row("eld-20", "should have simple names in its path", general.simple_element_path),
    _row("dom-6", "should have a narrative (text.div)", general.narrated),
    _row(
        "con-3",
        "is a problem list item and so needs clinicalStatus unless entered in error",
        clinical.problem_has_status,
    ),
    _row(
        "nor-1",
        "needs oralDiet, supplement or enteralFormula",
        any_of("oralDiet", "supplement", "enteralFormula"),
    ),
    *(
        _row(
            f"{prefix}-0",
            "should have a name that programs can use: a capital, then letters, digits and _",
            general.named_for_programs,
        )
        for prefix in _NAMED
    ),
)
"""Those that are warnings."""

DEPARTURES: Final = {
    "app-4": "its words allow a reason for no-show; its expression has a code that does not exist",
    "cid-0": "its expression asks for a name, which the type does not have",
    "con-3": "its expression compares a concept with a text, which never holds",
    "ctm-1": "the member's type is taken from the reference; nothing is looked up",
    "inv-1": "of Task: times of unequal precision are broken only where they cannot be in order",
    "md-1": "a max that is absent breaks nothing",
    "mdd-1": "times of unequal precision are broken only where they cannot be in order",
    "per-1": "times of unequal precision are broken only where they cannot be in order",
    "rng-2": "decided where both ends have the same unit",
    "tim-9": "each of several values of when is looked at; its expression allows for one",
}
"""Where a row decides otherwise than the published expression does, and why."""
