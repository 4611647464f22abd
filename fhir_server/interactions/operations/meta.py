"""`$meta`, `$meta-add` and `$meta-delete` on an instance (R4 `resource-operations.html`).

Adding and deleting make a version. R3 said that they do not, R4 no longer does, and HAPI makes
none; but then an ETag would stand for two contents, a reader who asks for what changed since
would miss it, and a history would not say who put a security label on a record, or took it off.

"As a special case, this operation (and other meta operations) can be performed on a historical
version": `$meta` can, and the others cannot, for the same reason: a version stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias, cast

from fhir_server.interactions.call import Call
from fhir_server.interactions.checked import checked, without_server_elements
from fhir_server.interactions.etag import precondition
from fhir_server.interactions.operations.input import Input
from fhir_server.interactions.operations.output import parameters_reply
from fhir_server.interactions.reply import Reply, version_headers
from fhir_server.store import FhirStore, StoredVersion
from fhir_server.store.preconditions import ALWAYS, only
from resources import fhir_json
from resources.fhir_json import Resource

Meta: TypeAlias = dict[str, Any]

_LABELS: Final = ("security", "tag")


async def meta(call: Call, _given: Input) -> Reply:
    """The meta of the current version as a read gives it, or of an older one as a vread does."""
    if call.version_id:
        return _answer(await call.store.vread(call.type_name, call.logical_id, call.version_id))
    return _answer(await call.store.read(call.type_name, call.logical_id))


async def meta_add(call: Call, given: Input) -> Reply:
    """With these profiles, tags and security labels too; each is there once."""
    return await _changed(call, given, add)


async def meta_delete(call: Call, given: Input) -> Reply:
    """Without them; it is no error where one is not there."""
    return await _changed(call, given, remove)


def add(known: Meta, more: Meta) -> None:
    """In place. "The identity of a tag or security label is the system+code", of a profile its
    URL."""
    for name in _LABELS:
        for label in more.get(name, ()):
            if _identity(label) not in map(_identity, known.get(name, ())):
                known.setdefault(name, []).append(label)
    for profile in more.get("profile", ()):
        if profile not in known.get("profile", ()):
            known.setdefault("profile", []).append(profile)
            if "_profile" in known:
                known["_profile"].append(None)


def remove(known: Meta, less: Meta) -> None:
    """In place, by the same identity."""
    for name in _LABELS:
        gone = [_identity(label) for label in less.get(name, ())]
        _keep(known, name, lambda label, gone=gone: _identity(label) not in gone)
    kept = [profile not in less.get("profile", ()) for profile in known.get("profile", ())]
    for name in ("profile", "_profile"):
        values = iter(list(kept))
        _keep(known, name, lambda _, values=values: next(values))
    if not any(known.get("_profile", ())):
        known.pop("_profile", None)


def _keep(known: Meta, name: str, wanted: Callable[[Any], bool]) -> None:
    """An empty array is no FHIR."""
    if name in known:
        known[name] = [value for value in known[name] if wanted(value)]
        if not known[name]:
            del known[name]


def _identity(label: Meta) -> tuple[Any, Any]:
    return label.get("system"), label.get("code")


async def _changed(call: Call, given: Input, change: Callable[[Meta, Meta], None]) -> Reply:
    """Reads and writes in one transaction; what changes nothing makes no version."""
    condition = precondition(call.conditions)

    async def work(store: FhirStore) -> StoredVersion:
        read = await store.read(call.type_name, call.logical_id)
        resource = cast(Resource, fhir_json.parse(read.json))
        change(resource.setdefault("meta", {}), given.one("meta"))
        proposed = without_server_elements(checked(resource, call.type_name))
        written = await store.update(
            call.type_name,
            call.logical_id,
            proposed,
            condition=only(read.version) if condition is ALWAYS else condition,
            skip_unchanged=True,
        )
        return written.stored

    return _answer(await call.store.run_transaction(work, types=(call.type_name,)))


def _answer(version: StoredVersion) -> Reply:
    resource = cast(Resource, fhir_json.parse(version.json))
    reply = parameters_reply({"name": "return", "valueMeta": resource["meta"]})
    return Reply(200, reply.body, version_headers(version), version)
