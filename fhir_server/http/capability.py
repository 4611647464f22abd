"""The CapabilityStatement, generated from what is registered (R4 `capabilitystatement.html`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, cast

from fhir.resources.R4B import capabilitystatement as model
from fhir.resources.R4B.codeableconcept import CodeableConcept
from fhir.resources.R4B.coding import Coding
from fhir.resources.R4B.extension import Extension

from fhir_server.http.limits import Limits
from fhir_server.http.negotiation import JSON_PATCH, Format
from fhir_server.interactions.call import Service
from fhir_server.interactions.conditional import MOST_DELETED
from fhir_server.interactions.history import HISTORY_PARAMETERS, SYSTEM_HISTORY_PARAMETERS
from fhir_server.interactions.operations import OPERATIONS
from fhir_server.interactions.operations.operation import OPERATION
from fhir_server.interactions.table import TABLE
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.mixed import TYPE, shared_parameters
from fhir_server.search.specials import LISTED
from resources import fhir_json
from resources.fhir_json import Resource
from resources.registry import REGISTRY

_OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_SECURITY_SERVICE = "http://terminology.hl7.org/CodeSystem/restful-security-service"
_COMPARTMENT = "http://hl7.org/fhir/CompartmentDefinition"
_ACCESS = (
    "Everything but this statement and .well-known/smart-configuration takes an access token of "
    "SMART App Launch 2.2, and gives what the token's scopes and its patient or user reach: the "
    "rest looks as if it were not there. What is listed here is the most that any token may do."
)
_SYSTEM_CODES = ("transaction", "batch", "search-system", "history-system")
_SAID = {
    "history-system": f"Parameters: {', '.join(SYSTEM_HISTORY_PARAMETERS)}; of the history of a "
    f"type or of one resource: {', '.join(HISTORY_PARAMETERS)}"
}


@dataclass(frozen=True, slots=True)
class OAuthAddresses:
    """The endpoints that the oauth-uris extension repeats (SMART App Launch 1.0, conformance)."""

    authorize: str
    token: str
    introspect: str
    revoke: str


def capability_statement(
    catalogue: Catalogue,
    oauth: OAuthAddresses,
    service: Service,
    limits: Limits,
    *,
    organization: str,
) -> Resource:
    """The statement. Lists what works, no more and no less; its date is whoever's sends it."""
    statement = model.CapabilityStatement(
        status="active",
        date=datetime.now(UTC).replace(microsecond=0),
        publisher=organization,
        kind="instance",
        software=model.CapabilityStatementSoftware(
            name="fhir-server", version=version("fhir-server")
        ),
        implementation=model.CapabilityStatementImplementation(
            description=f"FHIR R4 server of {organization}", url=catalogue.base_url
        ),
        fhirVersion="4.0.1",
        format=[*(each.value for each in Format), "json", "xml"],
        patchFormat=[*(each.value for each in Format), JSON_PATCH],
        rest=[
            model.CapabilityStatementRest(
                mode="server",
                documentation=" ".join(_rules(service, limits)),
                security=_security(oauth),
                resource=[
                    _resource(catalogue, type_name, service) for type_name in REGISTRY.endpoints
                ],
                interaction=[
                    model.CapabilityStatementRestInteraction(
                        code=code, documentation=_SAID.get(code)
                    )
                    for code in _system_interactions()
                ],
                searchParam=_of_all_types(catalogue),
                operation=_operations(),
                compartment=[f"{_COMPARTMENT}/{name.lower()}" for name in _compartments()],
            )
        ],
    )
    return cast(Resource, fhir_json.parse(statement.model_dump_json().encode()))


def _rules(service: Service, limits: Limits) -> Iterator[str]:
    """What has no element of its own: the limits, and what the operator chose."""
    yield (
        f"A transaction or batch may have {service.max_entries:,} entries and {limits.bundle:,} "
        f"bytes, any other body {limits.resource:,} bytes beside its attachments, which may have "
        f"{limits.attachment:,} bytes; each {limits.depth} objects inside one "
        f"another. An address may have {limits.url:,} bytes; it or a form "
        f"{limits.parameters:,} parameters."
    )
    yield (
        f"A page of a search has {service.default_count:,} matches unless _count says else, and "
        f"{service.max_count:,} at most."
    )
    unknown = "refused" if service.strict_search else "ignored, which an outcome entry tells"
    yield f"Unknown search parameters are {unknown}, unless Prefer: handling says else."
    yield "To create by an update takes scopes that reach every resource of the type."
    if service.deletes_many:
        yield f"A conditional delete removes {MOST_DELETED:,} resources at most."
    if service.skip_unchanged:
        yield "An update that changes nothing makes no version."


def _system_interactions() -> list[str]:
    codes = {row.code for row in TABLE}
    if "transaction" in codes:
        codes.add("batch")
    return [code for code in _SYSTEM_CODES if code in codes]


def _compartments() -> list[str]:
    """Whose compartments can be searched in."""
    found = {row.shape[0] for row in TABLE if row.shape and row.code != OPERATION}
    return [name for name in REGISTRY.compartments if name in found]


def _security(oauth: OAuthAddresses) -> model.CapabilityStatementRestSecurity:
    addresses = {
        "authorize": oauth.authorize,
        "token": oauth.token,
        "introspect": oauth.introspect,
        "revoke": oauth.revoke,
    }
    parts = [Extension(url=name, valueUri=address) for name, address in addresses.items()]
    return model.CapabilityStatementRestSecurity(
        cors=True,
        description=_ACCESS,
        service=[
            CodeableConcept(
                coding=[Coding(system=_SECURITY_SERVICE, code="SMART-on-FHIR")],
                text="OAuth2 by SMART App Launch; see .well-known/smart-configuration",
            )
        ],
        extension=[Extension(url=_OAUTH_URIS, extension=parts)],
    )


def _resource(
    catalogue: Catalogue, type_name: str, service: Service
) -> model.CapabilityStatementRestResource:
    others = (*_SYSTEM_CODES, OPERATION)
    codes = list(dict.fromkeys(row.code for row in TABLE if row.code not in others))
    facts: dict[str, Any] = {
        "type": type_name,
        "profile": f"http://hl7.org/fhir/StructureDefinition/{type_name}",
        "interaction": [
            model.CapabilityStatementRestResourceInteraction(code=code) for code in codes
        ],
        "versioning": "versioned-update",
        "readHistory": "vread" in codes,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "full-support",
        "conditionalUpdate": True,
        "conditionalDelete": "multiple" if service.deletes_many else "single",
        "referencePolicy": [
            *("literal", "logical", "local"),
            *(["enforced"] if service.enforces_references else []),
        ],
        "searchParam": _search_parameters(catalogue, type_name),
    }
    if type_name == "Binary":
        facts["documentation"] = (
            "Read as the content that it is, unless application/fhir+json or +xml is asked for; "
            "what comes with another Content-Type becomes its data, and X-Security-Context its "
            "securityContext."
        )
    # An empty array is not FHIR: a type without includes has no such element.
    if found := catalogue.includes(type_name):
        facts["searchInclude"] = ["*", f"{type_name}:*", *found]
    if found := catalogue.revincludes(type_name):
        facts["searchRevInclude"] = ["*", *found]
    if listed := _operations(type_name):
        facts["operation"] = listed
    return model.CapabilityStatementRestResource(**facts)


def _search_parameters(
    catalogue: Catalogue, type_name: str
) -> list[model.CapabilityStatementRestResourceSearchParam]:
    return [
        model.CapabilityStatementRestResourceSearchParam(
            name=parameter.name,
            definition=parameter.url,
            type=parameter.type,
            documentation=_modifiers(modifiers),
        )
        for parameter, modifiers in catalogue.supported_parameters(type_name)
    ]


def _of_all_types(
    catalogue: Catalogue,
) -> list[model.CapabilityStatementRestResourceSearchParam]:
    """What a search of the whole system takes; `_type` has no definition in R4."""
    shared = shared_parameters(catalogue, REGISTRY.endpoints)
    listed = _search_parameters(catalogue, REGISTRY.endpoints[0])
    of_type = model.CapabilityStatementRestResourceSearchParam(
        name=TYPE, type="special", documentation="The types to search, as Patient,Observation"
    )
    specials = [
        model.CapabilityStatementRestResourceSearchParam(
            name=name, type="special", documentation=text
        )
        for name, text in LISTED.items()
    ]
    return [of_type, *specials, *(one for one in listed if one.name in shared)]


def _operations(
    type_name: str | None = None,
) -> list[model.CapabilityStatementRestResourceOperation]:
    """Those of a type and its instances, or those of the system."""
    return [
        model.CapabilityStatementRestResourceOperation(
            name=each.definition.code, definition=each.definition.url
        )
        for each in OPERATIONS
        if each.is_offered_for(type_name)
    ]


def _modifiers(modifiers: Sequence[str]) -> str | None:
    return f"Modifiers: {', '.join(f':{name}' for name in modifiers)}" if modifiers else None
