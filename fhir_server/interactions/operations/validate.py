"""`$validate`: would this resource be taken? (R4 `resource-operation-validate.html`).

200 with an OperationOutcome of all that is wrong or doubtful. With the mode create, update or
delete, that very interaction is performed as well, in a transaction that is never committed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Final, cast

from fhir_server.interactions import write
from fhir_server.interactions.call import Call, Preference, Return
from fhir_server.interactions.operations.input import Input
from fhir_server.interactions.reply import Reply, outcome_body
from fhir_server.outcome import Category, FhirError, Issue, Severity, error
from fhir_server.store import FhirStore
from resources import fhir_json
from resources.fhir_json import Resource
from resources.registry import REGISTRY
from resources.validation import validate as problems_of
from resources.validation.problem import MOST_PROBLEMS

_PROFILES: Final = "http://hl7.org/fhir/StructureDefinition/"
_OF_AN_INSTANCE: Final = frozenset(("update", "delete"))
_FAILURES: Final = frozenset((Category.INTERNAL, Category.UNAVAILABLE))
_ALL_OK: Final = Issue("information", "informational", "All OK")


class _Rehearsed(Exception):
    """It would have gone through, and is taken back."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply


async def validate(call: Call, given: Input) -> Reply:
    """Of the resource that is given, or of the instance where none is."""
    mode = given.one("mode")
    _check_mode(call, mode, given)
    call = replace(call, parameters=(), preference=Preference(content=Return.OUTCOME))
    if mode == "delete":
        return _told(await _rehearse(call, write.delete))
    resource = given.one("resource")
    if resource is None:
        resource = await _instance(call)
    issues = [*_judged(call, resource), *_profiles(resource, given.one("profile"))]
    if mode == "update":
        issues += _id_problems(call, resource)
    if not _refuses(issues) and mode in _REHEARSED:
        issues += await _rehearse(replace(call, body=deepcopy(resource)), _REHEARSED[mode])
    return _told(issues)


_REHEARSED: Final = {"create": write.create, "update": write.update}


def _check_mode(call: Call, mode: str | None, given: Input) -> None:
    """R4: "Modes update and delete can only be used when the operation is invoked at the
    resource instance level"."""
    if mode in _OF_AN_INSTANCE and not call.logical_id:
        text = f"mode={mode} is asked of an instance: {call.type_name}/[id]/$validate."
        raise error(Category.INVALID, text)
    if mode == "profile" and given.one("profile") is None:
        raise error(Category.INVALID, "mode=profile needs the parameter profile (uri).")


async def _instance(call: Call) -> Resource:
    """What is stored, which R4 leaves open; a resource is a must at the address of a type."""
    if not call.logical_id:
        raise error(Category.INVALID, "$validate needs the parameter resource (Resource).")
    stored = await call.store.read(call.type_name, call.logical_id)
    return cast(Resource, fhir_json.parse(stored.json))


def _judged(call: Call, resource: Resource) -> Iterator[Issue]:
    """By R4 itself, and by the address."""
    kind = resource.get("resourceType")
    if kind != call.type_name and isinstance(kind, str):
        text = f"This is an address of {call.type_name}, but the resourceType is {kind!r:.80}."
        yield Issue("error", "invalid", text, "resourceType")
    found = problems_of(resource, warnings=True)
    for each in found:
        yield Issue(cast(Severity, each.severity), each.code, each.message, each.path)
    if len(found) >= MOST_PROBLEMS:
        text = f"There may be more; of errors and of warnings {MOST_PROBLEMS} each are told."
        yield Issue("information", "informational", text)


def _profiles(resource: Resource, asked: str | None) -> Iterator[Issue]:
    """R4: if "the server cannot validate against the nominated profile, it SHALL return an error".
    What a resource claims in `meta.profile` and nobody asked about is a warning."""
    kind = resource.get("resourceType")
    if asked is not None and not _is_base(asked, kind):
        text = f"The profile {asked[:200]} is not known here, so that nothing was held to it."
        if REGISTRY.is_type(asked.removeprefix(_PROFILES)):
            text = f"The resource is no {asked.removeprefix(_PROFILES)}, as the profile asks."
        yield Issue("error", "not-supported", text)
    for at, claimed in enumerate(_claims(resource)):
        if isinstance(claimed, str) and not _is_base(claimed, kind) and claimed != asked:
            text = f"The profile {claimed[:200]} is not known here, so that it is not checked."
            yield Issue("warning", "not-supported", text, f"{kind}.meta.profile[{at}]")


def _is_base(profile: str, kind: object) -> bool:
    """Whether it is R4's own definition of the type, or of a type above it."""
    if not isinstance(kind, str) or not REGISTRY.is_type(kind):
        return False
    name = profile.partition("|")[0].removeprefix(_PROFILES)
    return profile.startswith(_PROFILES) and name in (kind, REGISTRY.base(kind), "Resource")


def _claims(resource: Resource) -> list[object]:
    meta = resource.get("meta")
    claimed = cast(Resource, meta).get("profile") if isinstance(meta, dict) else None
    return cast(list[object], claimed)[:MOST_PROBLEMS] if isinstance(claimed, list) else []


def _id_problems(call: Call, resource: Resource) -> Iterator[Issue]:
    if resource.get("id") != call.logical_id:
        text = f"The resource's id has to be that of the address, {call.logical_id}."
        yield Issue("error", "invalid", text, f"{call.type_name}.id")


async def _rehearse(call: Call, perform: Callable[[Call], Awaitable[Reply]]) -> list[Issue]:
    """What stands in the way of the interaction, or what is doubtful about it."""

    async def attempt(store: FhirStore) -> None:
        reply = await perform(replace(call, store=store))
        await store.settle()
        raise _Rehearsed(reply)

    try:
        await call.store.run_transaction(attempt, types=[call.type_name])
    except _Rehearsed as done:
        return list(_doubts(done.reply))
    except FhirError as problem:
        if problem.category in _FAILURES:
            raise
        return list(problem.issues)
    raise AssertionError("a rehearsal never commits")


def _doubts(reply: Reply) -> Iterator[Issue]:
    """The warnings of the outcome that was preferred to a representation."""
    outcome = cast(Resource, fhir_json.parse(reply.body)) if reply.body else {}
    for each in outcome.get("issue", []):
        if each["severity"] == "warning":
            place = each.get("expression", [None])[0]
            yield Issue("warning", each["code"], each["diagnostics"], place)


def _refuses(issues: list[Issue]) -> bool:
    return any(issue.severity in ("error", "fatal") for issue in issues)


def _told(issues: list[Issue]) -> Reply:
    return Reply(200, outcome_body(issues or [_ALL_OK]))
