"""Sorts, pages, totals, includes, subsets and joins (Q6, Q9 to Q12, R4 3.1.1.5)."""

from __future__ import annotations

from tests.search.rows.answer import EACH, Answer
from tests.search.rows.row import Kind

NEGATIVE, BOUNDARY = frozenset((Kind.NEGATIVE,)), frozenset((Kind.BOUNDARY,))

# A resource without the value stands below every value, as MongoDB and HAPI order them; what is
# equal stands by id, in the direction of the last rule, so that a page is the same each time.
SORTS = [
    Answer("Patient?_sort=family", "none abel baker baker2", proves=EACH),
    Answer("Patient?_sort=-family", "baker2 baker abel none", proves=EACH),
    Answer("Patient?_sort=gender", "none abel baker baker2", proves=EACH),
    Answer("Patient?_sort=-gender", "baker2 baker abel none", proves=EACH),
    Answer("Patient?_sort=birthdate", "none abel baker baker2", proves=EACH),
    Answer("Patient?_sort=-birthdate", "baker2 baker abel none", proves=EACH),
    Answer("RiskAssessment?_sort=probability", "unsaid low mid mid2", proves=EACH),
    Answer("RiskAssessment?_sort=-probability", "mid2 mid low unsaid", proves=EACH),
    Answer("Observation?_id=w,x,y,z&_sort=value-quantity", "z w x y", proves=EACH),
    Answer("Observation?_id=w,x,y,z&_sort=-value-quantity", "y x w z", proves=EACH),
    Answer("ValueSet?_sort=url", "urless a a2 b", proves=EACH),
    Answer("ValueSet?_sort=-url", "b a2 a urless", proves=EACH),
    Answer("Patient?_sort=gender,-_id", "none abel baker2 baker", proves=EACH),
    Answer("Patient?_sort=-_id", "none baker2 baker abel"),
]

PAGES = [
    Answer("Patient?_sort=_id&_count=3", "abel baker baker2", more=True),
    Answer("Patient?_sort=_id&_count=4", "abel baker baker2 none", proves=BOUNDARY, more=False),
    Answer("Patient?family=nobody&_count=3", proves=NEGATIVE, more=False, total=0),
    Answer("Patient?_count=0", total=4, more=False),
    Answer("Patient?_id=abel&_count=0", total=1, more=False, proves=BOUNDARY),
    Answer("Patient?family=nobody&_count=0", total=0, more=False, proves=NEGATIVE),
    Answer("Patient?_sort=_id&_count=1&_total=accurate", "abel", total=4, more=True),
    Answer("Patient?family=baker&_sort=_id&_count=2&_total=accurate", "baker baker2", total=2,
           more=False, proves=BOUNDARY),
    Answer("Patient?family=nobody&_total=accurate", total=0, proves=NEGATIVE),
    Answer("Patient?_sort=_id&_count=1&_total=estimate", "abel", total=4, more=True),
    Answer("Patient?family=nobody&_total=estimate", total=0, proves=NEGATIVE),
    Answer("Patient?family=abel&_total=estimate", "abel", total=1, proves=BOUNDARY),
    Answer("Patient?_sort=_id&_count=1&_total=none", "abel", untold=True),
    Answer("Patient?family=nobody&_total=none", untold=True, proves=NEGATIVE),
    Answer("Patient?_sort=_id&_count=4&_total=none", "abel baker baker2 none", untold=True,
           proves=BOUNDARY),
]  # fmt: skip

INCLUDES = [
    Answer("Observation?_id=w&_include=Observation:subject", "w", "Patient/abel", total=1),
    Answer("Observation?_id=z&_include=Observation:subject", "z", proves=NEGATIVE, total=1),
    Answer("Observation?_id=w,x&_include=Observation:subject", "w x", "Patient/abel", total=2,
           proves=BOUNDARY),
    Answer("Patient?_id=baker2,abel&_include=Patient:link", "abel baker2", proves=BOUNDARY),
    Answer("Observation?_id=w&_include=Observation:subject:Patient", "w", "Patient/abel"),
    Answer("Observation?_id=mass&_include=Observation:subject:Patient", "mass", proves=NEGATIVE),
    Answer("Observation?_id=w,mass&_include=Observation:subject:Patient", "mass w",
           "Patient/abel", proves=BOUNDARY),
    Answer("Observation?_id=w&_include=Observation:*", "w", "Encounter/visit Patient/abel"),
    Answer("Observation?_id=z&_include=Observation:*", "z", proves=NEGATIVE),
    Answer("Observation?_id=x&_include=Observation:*", "x", "Patient/abel", proves=BOUNDARY),
    Answer("Observation?_id=w&_include=*", "w", "Encounter/visit Patient/abel"),
    Answer("Observation?_id=z&_include=*", "z", proves=NEGATIVE),
    Answer("Observation?_id=x&_include=*", "x", "Patient/abel", proves=BOUNDARY),
    Answer("Observation?_id=x&_include=Observation:subject&_include:iterate=Patient:organization",
           "x", "Organization/hospital Patient/abel"),
    Answer("Observation?_id=z&_include=Observation:subject&_include:iterate=Patient:organization",
           "z", proves=NEGATIVE),
    Answer("Observation?_id=w&_include=*&_include:iterate=Patient:organization", "w",
           "Encounter/visit Organization/hospital Patient/abel", proves=BOUNDARY),
    Answer("Patient?_id=abel&_revinclude=Observation:subject", "abel",
           "Observation/w Observation/x", total=1),
    Answer("Patient?_id=none&_revinclude=Observation:subject", "none", proves=NEGATIVE),
    Answer("Patient?_id=abel,baker2&_revinclude=Patient:link", "abel baker2", proves=BOUNDARY),
    Answer("Patient?_id=abel&_revinclude=Observation:subject:Patient", "abel",
           "Observation/w Observation/x"),
    Answer("Patient?_id=none&_revinclude=Observation:subject:Patient", "none", proves=NEGATIVE),
    Answer("Patient?_id=abel,baker&_revinclude=Observation:subject:Patient", "abel baker",
           "Observation/w Observation/x Observation/y", proves=BOUNDARY),
    Answer("Patient?_id=abel&_revinclude=Observation:*", "abel", "Observation/w Observation/x"),
    Answer("Patient?_id=none&_revinclude=Observation:*", "none", proves=NEGATIVE),
    Answer("Patient?_id=baker&_revinclude=Observation:*", "baker", "Observation/y",
           proves=BOUNDARY),
    Answer("Patient?_id=abel&_revinclude=*", "abel",
           "Encounter/visit Observation/w Observation/x Patient/baker2"),
    Answer("Practitioner?_id=doc&_revinclude=*", "doc", "Patient/abel", proves=BOUNDARY),
    Answer("Observation?_id=z&_revinclude=*", "z", proves=NEGATIVE),
    Answer("Organization?_id=hospital&_revinclude=Patient:organization"
           "&_revinclude:iterate=Observation:subject", "hospital",
           "Observation/w Observation/x Patient/abel"),
    Answer("Patient?_id=none&_revinclude:iterate=Patient:link", "none", proves=NEGATIVE),
    Answer("Patient?_id=abel&_revinclude:iterate=Patient:link", "abel", "Patient/baker2",
           proves=BOUNDARY),
]  # fmt: skip

SUBSETS = [
    Answer("Patient?_id=abel&_summary=true", "abel",
           left="birthDate gender managingOrganization name"),
    Answer("Patient?_id=none&_summary=true", "none", left="", proves=NEGATIVE),
    Answer("Observation?_id=mass&_summary=true", "mass", left="code status subject",
           proves=BOUNDARY),
    Answer("Patient?_id=abel&_summary=text", "abel", left="text"),
    Answer("Patient?_id=baker&_summary=text", "baker", left="", proves=NEGATIVE),
    Answer("Observation?_id=z&_summary=text", "z", left="code status", proves=BOUNDARY),
    Answer("Patient?_id=abel&_summary=data", "abel",
           left="birthDate gender generalPractitioner managingOrganization maritalStatus name"),
    Answer("Patient?_id=none&_summary=data", "none", left="", proves=NEGATIVE),
    Answer("Patient?_id=baker&_summary=data", "baker",
           left="birthDate gender managingOrganization name", proves=BOUNDARY),
    Answer("Patient?_id=baker&_summary=false", "baker",
           left="birthDate gender managingOrganization name"),
    Answer("Patient?_id=none&_summary=false", "none", left="", proves=NEGATIVE),
    Answer("Patient?_id=abel&_summary=false", "abel", proves=BOUNDARY,
           left="birthDate gender generalPractitioner managingOrganization maritalStatus name"
                " text"),
    Answer("Patient?_summary=count", total=4, more=False),
    Answer("Patient?family=nobody&_summary=count", total=0, more=False, proves=NEGATIVE),
    Answer("Patient?family=baker&_count=1&_summary=count", total=2, more=False, proves=BOUNDARY),
    Answer("Patient?_id=abel&_elements=gender", "abel", left="gender"),
    Answer("Patient?_id=none&_elements=gender", "none", left="", proves=NEGATIVE),
    Answer("Observation?_id=mass&_elements=note", "mass", left="code note status",
           proves=BOUNDARY),
]  # fmt: skip

JOINS = [
    Answer("Observation?subject:Patient.family=baker", "y"),
    Answer("Observation?subject:Patient.family=nobody", proves=NEGATIVE),
    Answer("Observation?subject:Patient.birthdate=lt1970-01-02", "w x", proves=BOUNDARY),
    Answer("Observation?subject.name=abel", "w x"),
    Answer("Observation?subject.type=person", "mass"),
    Answer("Observation?subject.name=hospital", proves=NEGATIVE),
    Answer("Observation?patient.birthdate=ge1970-01-02", "y", proves=BOUNDARY),
    Answer("Observation?patient.organization.name=hospital", "w x"),
    Answer("Observation?patient.organization.name=doe", proves=NEGATIVE),
    Answer("Observation?patient.organization.name=clinic", "y", proves=BOUNDARY),
    Answer("Patient?_has:Observation:patient:status=amended", "abel"),
    Answer("Patient?_has:Observation:patient:status=cancelled", proves=NEGATIVE),
    Answer("Patient?_has:Observation:patient:value-quantity=gt1||g", "baker", proves=BOUNDARY),
    Answer("Organization?_has:Patient:organization:_has:Observation:patient:status=amended",
           "hospital"),
    Answer("Organization?_has:Patient:organization:_has:Observation:patient:status=cancelled",
           proves=NEGATIVE),
    Answer("Organization?_has:Patient:organization:_has:Observation:patient:_id=y", "clinic",
           proves=BOUNDARY),
    Answer("Patient?_has:Observation:patient:encounter.status=finished", "abel"),
    Answer("Patient?_has:Observation:patient:encounter.status=planned", proves=NEGATIVE),
    Answer("Encounter?_has:Observation:encounter:patient.family=abel", "visit", proves=BOUNDARY),
]  # fmt: skip

SYSTEM = [
    Answer("?_type=Organization&name=hospital", "hospital", total=1),
    Answer("?_type=Organization&name=nobody", proves=NEGATIVE, total=0),
    Answer("?_type=Organization&_id=hospital,abel", "hospital", proves=BOUNDARY),
    Answer("?_type=Organization,Patient&_id=hospital,abel,doc", "abel hospital", total=2),
    Answer("?_type=Organization,Patient&_id=doc", proves=NEGATIVE, total=0),
    Answer("?_type=Patient,Practitioner&family=doe,baker", "baker baker2 doc", proves=BOUNDARY),
    Answer("?_id=abel,doc,visit", "abel doc visit", total=3),
    Answer("?_id=nobody", proves=NEGATIVE, total=0),
    Answer("?_sort=_id&_count=2&_id=doc,abel,visit", "abel doc", proves=BOUNDARY, more=True),
]

# Of every type, about no element of it; two lists are in nobody's record, and one is empty.
SPECIALS = [
    Answer("RiskAssessment?_contained=false&_id=low,mid", "low mid"),
    Answer("RiskAssessment?_contained=false&_id=nobody", proves=NEGATIVE),
    Answer("RiskAssessment?_contained=false&probability=gt0.25", "mid mid2", proves=BOUNDARY),
    Answer("RiskAssessment?_list=risky", "low mid"),
    Answer("RiskAssessment?_list=List/risky", "low mid"),
    Answer("RiskAssessment?_list=risky&probability=lt0.251", "low", proves=BOUNDARY),
    Answer("RiskAssessment?_list=empty", proves=NEGATIVE),
    Answer("Practitioner?_list=risky", proves=NEGATIVE),
    Answer("RiskAssessment?_list=risky,worst", "low mid mid2"),
    Answer("RiskAssessment?_list=empty,nobody", proves=NEGATIVE),
    Answer("RiskAssessment?_list=empty,worst&_sort=_id", "mid2", proves=BOUNDARY),
    Answer("Observation?_filter=subject:Patient[gender pr true].family eq abel", "w x"),
    Answer("Observation?_filter=not (subject.family eq abel) and value-quantity pr true", "y"),
    Answer("RiskAssessment?_list=risky&_include=RiskAssessment:subject&_count=0", total=2),
    Answer("RiskAssessment?_list=risky&_include=RiskAssessment:subject&_summary=count", total=2),
]

ANSWERS = (*SORTS, *PAGES, *INCLUDES, *SUBSETS, *JOINS, *SYSTEM, *SPECIALS)
